"""System call numbers of x86-64 and aarch64, and the list of those that a program may use.

The allow-list follows the idea of docker's default profile (deny what is not known to be harmless) and is shorter: no
memfd (memory that no limit counts), no System V IPC, no ownership changes, nothing that needs a capability.
"""

import platform

# name:x86-64:aarch64, "-" where the architecture lacks the call
_ALWAYS = """
read:0:63 write:1:64 open:2:- close:3:57 stat:4:- fstat:5:80 lstat:6:- newfstatat:262:79 statx:332:291 poll:7:-
ppoll:271:73 select:23:- pselect6:270:72 lseek:8:62 mmap:9:222 mprotect:10:226 munmap:11:215 brk:12:214 mremap:25:216
msync:26:227 mincore:27:232 madvise:28:233 rt_sigaction:13:134 rt_sigprocmask:14:135 rt_sigreturn:15:139
rt_sigpending:127:136 rt_sigtimedwait:128:137 rt_sigsuspend:130:133 sigaltstack:131:132 pread64:17:67 pwrite64:18:68
readv:19:65 writev:20:66 preadv:295:69 pwritev:296:70 preadv2:327:286 pwritev2:328:287 access:21:- faccessat:269:48
faccessat2:439:439 pipe:22:- pipe2:293:59 sched_yield:24:124 dup:32:23 dup2:33:- dup3:292:24 pause:34:-
nanosleep:35:101 clock_nanosleep:230:115 getitimer:36:102 alarm:37:- setitimer:38:103 timer_create:222:107
timer_settime:223:110 timer_gettime:224:108 timer_getoverrun:225:109 timer_delete:226:111 timerfd_create:283:85
timerfd_settime:286:86 timerfd_gettime:287:87 getpid:39:172 gettid:186:178 getppid:110:173 sendfile:40:71
copy_file_range:326:285 splice:275:76 tee:276:77 sync_file_range:277:84 sendto:44:206 recvfrom:45:207 sendmsg:46:211
recvmsg:47:212 sendmmsg:307:269 recvmmsg:299:243 shutdown:48:210 getsockname:51:204 getpeername:52:205
setsockopt:54:208 getsockopt:55:209 exit:60:93 exit_group:231:94 wait4:61:260 waitid:247:95 uname:63:160 flock:73:32
fsync:74:82 fdatasync:75:83 ftruncate:77:46 getdents:78:- getdents64:217:61 getcwd:79:17 chdir:80:49 fchdir:81:50
rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:- creat:85:- link:86:- linkat:265:37
unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36 readlink:89:- readlinkat:267:78 umask:95:166
gettimeofday:96:169 time:201:- times:100:153 clock_gettime:228:113 clock_getres:229:114 getrlimit:97:163
setrlimit:160:164 getrusage:98:165 sysinfo:99:179 getuid:102:174 getgid:104:176 geteuid:107:175 getegid:108:177
getresuid:118:148 getresgid:120:150 getgroups:115:158 setpgid:109:154 getpgid:121:155 getpgrp:111:- setsid:112:157
getsid:124:156 getpriority:140:141 statfs:137:43 fstatfs:138:44 sched_getparam:143:121 sched_getscheduler:145:120
sched_get_priority_max:146:125 sched_get_priority_min:147:126 sched_rr_get_interval:148:127 sched_getaffinity:204:123
arch_prctl:158:- futex:202:98 set_tid_address:218:96 set_robust_list:273:99 get_robust_list:274:100
restart_syscall:219:128 fadvise64:221:223 fallocate:285:47 epoll_create:213:- epoll_create1:291:20 epoll_ctl:233:21
epoll_wait:232:- epoll_pwait:281:22 epoll_pwait2:441:441 openat:257:56 openat2:437:437 close_range:436:436
signalfd:282:- signalfd4:289:74 eventfd:284:- eventfd2:290:19 getrandom:318:278 membarrier:324:283 rseq:334:293
getcpu:309:168 readahead:187:213 futex_waitv:449:449 capget:125:90 munlock:150:229 munlockall:152:231 getxattr:191:8
lgetxattr:192:9 fgetxattr:193:10 listxattr:194:11 llistxattr:195:12 flistxattr:196:13
"""

# Harmless only where no other process has the program's user id.
_OWN_USER = """
fork:57:- vfork:58:- execve:59:221 execveat:322:281 kill:62:129 tkill:200:130 tgkill:234:131 rt_sigqueueinfo:129:138
rt_tgsigqueueinfo:297:240 pidfd_open:434:434 pidfd_send_signal:424:424 chmod:90:- fchmod:91:52 fchmodat:268:53
fchmodat2:452:452 utime:132:- utimes:235:- utimensat:280:88 futimesat:261:- truncate:76:45
"""

# Harmless only where the program has file systems and a network of its own.
_OWN_NAMESPACES = """
bind:49:200 listen:50:201 connect:42:203 accept:43:202 accept4:288:242
"""

# Allowed or not by their arguments (see seccomp.py), or used by the trusted side.
_OTHERS = """
clone:56:220 clone3:435:435 socket:41:198 socketpair:53:199 ioctl:16:29 prctl:157:167 fcntl:72:25 seccomp:317:277
prlimit64:302:261 setpriority:141:140 sched_setaffinity:203:122 pivot_root:155:41 capset:126:91
landlock_create_ruleset:444:444 landlock_add_rule:445:445 landlock_restrict_self:446:446
"""

NEWEST = 462
"""The newest number that was looked at; later calls get ENOSYS, so that a newer libc falls back."""

_COLUMN = {"x86_64": 1, "aarch64": 2}
MACHINE = platform.machine()


def numbers(machine: str = MACHINE) -> dict[str, int]:
    """The numbers of all calls that this module names, for `machine`; empty for an unknown architecture."""
    if machine not in _COLUMN:
        return {}
    rows = [row.split(":") for row in (_ALWAYS + _OWN_USER + _OWN_NAMESPACES + _OTHERS).split()]
    return {row[0]: int(row[_COLUMN[machine]]) for row in rows if row[_COLUMN[machine]] != "-"}


_TABLES = {
    "namespaces": _ALWAYS + _OWN_USER + _OWN_NAMESPACES,
    "container": _ALWAYS + _OWN_USER,
    "lockdown": _ALWAYS,
}


def allowed(tier: str) -> list[str]:
    """The names of the calls that are allowed in this tier whatever their arguments."""
    return [row.split(":")[0] for row in _TABLES[tier].split()]


NUMBER = numbers()
