/** Names that Docker accepts in the settings of a container; read 2026-11-27. */

/** Linux' capabilities (man 7 capabilities), without `cap_`. */
export const capabilities = new Set([
  ..."all audit_control audit_read audit_write block_suspend bpf checkpoint_restore chown dac_override".split(" "),
  ..."dac_read_search fowner fsetid ipc_lock ipc_owner kill lease linux_immutable mac_admin mac_override".split(" "),
  ..."mknod net_admin net_bind_service net_broadcast net_raw perfmon setfcap setgid setpcap setuid syslog".split(" "),
  ..."sys_admin sys_boot sys_chroot sys_module sys_nice sys_pacct sys_ptrace sys_rawio sys_resource".split(" "),
  ..."sys_time sys_tty_config wake_alarm".split(" "),
]);
/** Limits of processes (runc, by setrlimit(2)). */
export const limits = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack"
  .split(
    " ",
  );
/** Signals without `SIG` (moby/sys, signal). */
const signals = new Set([
  ..."ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS".split(" "),
  ..."TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX".split(" "),
]);

/** Whether a text is a signal: its number, or its name, with or without SIG. */
export const isSignal = (text: string) =>
  /^([1-9]|[1-5]\d|6[0-5])$/.test(text) ||
  signals.has(text.toUpperCase().replace(/^SIG/, "").replace(/^(RTMIN)\+\d\d?$|^(RTMAX)-\d\d?$/, "$1$2"));
