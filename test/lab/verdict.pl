# The kernel's own verdict on functions, by linux/vfio.h: perl verdict.pl GROUP=BDF…
# First line: viable or not-viable (VFIO_GROUP_GET_STATUS of all groups), or why it could not be asked. Second line, for viable groups:
# "opens", or the step at which VFIO refuses to open the functions as a VM's program would, and the kernel's reason. Then for each
# function a line with its memory regions that a VM can map.
my (%node, @functions, $container);
sub refused { print "refused at $_[0]: $!\n"; exit }
for (@ARGV) {
  my ($group, $bdf) = split /=/;
  push @functions, [$group, $bdf];
  next if $node{$group};
  open($node{$group}, '+<', "/dev/vfio/$group") or do { print "no-node $!\n"; exit };
  my $status = pack('LL', 8, 0);    # struct vfio_group_status { __u32 argsz, flags; }
  defined ioctl($node{$group}, 0x3b67, $status) or do { print "refused $!\n"; exit };    # _IO(';', 103)
  (unpack('LL', $status))[1] & 1 or do { print "not-viable\n"; exit };    # VFIO_GROUP_FLAGS_VIABLE
}
print "viable\n";
open($container, '+<', '/dev/vfio/vfio') or refused('vfio');
my $set;
for (values %node) {
  defined ioctl($_, 0x3b68, pack('l', fileno $container)) or refused('container');    # VFIO_GROUP_SET_CONTAINER
  next if $set++;
  defined ioctl($container, 0x3b66, 3) or refused('container');    # VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU
}
my @regions;
for (@functions) {
  my ($group, $bdf) = @$_;
  my $device = ioctl($node{$group}, 0x3b6a, "$bdf\0");    # VFIO_GROUP_GET_DEVICE_FD
  defined $device or refused($bdf);
  open(my $opened, '+<&=', $device + 0) or refused($bdf);
  my @mapped = grep {
    my $region = pack('LLLLQQ', 32, 0, $_, 0, 0, 0);    # struct vfio_region_info
    defined ioctl($opened, 0x3b6c, $region) && (unpack('LL', $region))[1] & 4;    # VFIO_REGION_INFO_FLAG_MMAP
  } 0 .. 5;
  push @regions, join(' ', "regions $bdf", @mapped);
}
print map { "$_\n" } 'opens', @regions;
