# The kernel's own verdict on an IOMMU group: VFIO_GROUP_GET_STATUS of linux/vfio.h on /dev/vfio/GROUP. Prints viable, not-viable,
# or why it could not be asked.
my $group = shift;
open(my $node, '+<', "/dev/vfio/$group") or do { print "no-node $!\n"; exit };
my $status = pack('LL', 8, 0);    # struct vfio_group_status { __u32 argsz, flags; }
defined ioctl($node, 0x3b67, $status) or do { print "refused $!\n"; exit };    # _IO(';', 103)
print +((unpack('LL', $status))[1] & 1) ? "viable\n" : "not-viable\n";    # VFIO_GROUP_FLAGS_VIABLE
