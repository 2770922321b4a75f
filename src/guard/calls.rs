//! The system calls that the reader may make; any other one kills it.

use std::collections::BTreeMap;

use libc::{
    SYS_brk, SYS_clock_getres, SYS_clock_gettime, SYS_clock_nanosleep, SYS_clone, SYS_clone3, SYS_close,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_eventfd2, SYS_exit, SYS_exit_group, SYS_fadvise64,
    SYS_fcntl, SYS_flock, SYS_fstat, SYS_futex, SYS_getdents64, SYS_getpid, SYS_getrandom, SYS_gettid,
    SYS_inotify_add_watch, SYS_inotify_init1, SYS_inotify_rm_watch, SYS_ioctl, SYS_lseek, SYS_madvise, SYS_mmap,
    SYS_mprotect, SYS_mremap, SYS_munmap, SYS_nanosleep, SYS_newfstatat, SYS_openat, SYS_ppoll, SYS_prctl, SYS_pread64,
    SYS_read, SYS_readlinkat, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_restart_syscall, SYS_rseq, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sched_getaffinity, SYS_sched_yield, SYS_sendmsg, SYS_sendto,
    SYS_set_robust_list, SYS_shutdown, SYS_sigaltstack, SYS_statx, SYS_tgkill, SYS_write, SYS_writev,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Why system calls are not filtered.
#[derive(Debug, thiserror::Error)]
pub enum CallsError {
    #[error("{0}")]
    Filter(#[from] seccompiler::Error),
    #[error("{0}")]
    Backend(#[from] seccompiler::BackendError),
}

/// Reading files, memory, time, threads, and the one socket that is already open.
const ALLOWED: &[i64] = &[
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_openat,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_lseek,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_fadvise64,
    SYS_fcntl,
    SYS_flock,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_rseq,
    SYS_set_robust_list,
    SYS_sigaltstack,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_ppoll,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_shutdown,
    SYS_getrandom,
    SYS_gettid,
    SYS_getpid,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_tgkill,
    SYS_exit,
    SYS_exit_group,
    // Answered with ENOSYS by a filter of its own: its flags cannot be looked at, and libc then takes clone.
    SYS_clone3,
];

/// The older names that libc still uses on x86-64.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] =
    &[libc::SYS_poll, libc::SYS_stat, libc::SYS_lstat, libc::SYS_readlink, libc::SYS_epoll_wait, libc::SYS_arch_prctl];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// prctl(2): libc names its arenas.
const PR_SET_VMA: u64 = 0x5356_4d41;

/// Installs the filter for this thread and those it starts.
pub fn filter() -> Result<(), CallsError> {
    let arch = std::env::consts::ARCH.try_into()?;
    let no_clone3 = BTreeMap::from([(SYS_clone3, vec![])]);
    let not_there = SeccompAction::Errno(libc::ENOSYS as u32);
    let first: BpfProgram = SeccompFilter::new(no_clone3, SeccompAction::Allow, not_there, arch)?.try_into()?;
    let list = SeccompFilter::new(allowed()?, SeccompAction::KillProcess, SeccompAction::Allow, arch)?;
    let second: BpfProgram = list.try_into()?;
    seccompiler::apply_filter(&first)?;
    Ok(seccompiler::apply_filter(&second)?)
}

fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, CallsError> {
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().chain(OLDER).map(|call| (*call, Vec::new())).collect();
    let never_executable = masked(2, libc::PROT_EXEC as u64, 0)?;
    calls.insert(SYS_mmap, vec![never_executable.clone()]);
    calls.insert(SYS_mprotect, vec![never_executable]);
    calls.insert(SYS_clone, vec![masked(0, libc::CLONE_THREAD as u64, libc::CLONE_THREAD as u64)?]);
    let ioctls = [libc::FIONREAD, libc::FIONBIO].map(|request| equal(1, request));
    calls.insert(SYS_ioctl, ioctls.into_iter().collect::<Result<_, _>>()?);
    calls.insert(SYS_prctl, vec![equal(0, libc::PR_SET_NAME as u64)?, equal(0, PR_SET_VMA)?]);
    Ok(calls)
}

fn equal(argument: u8, value: u64) -> Result<SeccompRule, CallsError> {
    let same = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
    Ok(SeccompRule::new(vec![same])?)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompRule, CallsError> {
    let same = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)?;
    Ok(SeccompRule::new(vec![same])?)
}
