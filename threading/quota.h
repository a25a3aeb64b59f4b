/*
 * The CPU time that control groups allow this process.
 */
#ifndef RNL_THREADING_QUOTA_H
#define RNL_THREADING_QUOTA_H

/* Returns the smallest limit, in processors, of the process's control groups up to the root, for
 * version 2 (cpu.max) and version 1 (cpu.cfs_quota_us); 0: no limit.  Unreadable files set no
 * limit. `root` is /sys/fs/cgroup or a copy, `file` /proc/self/cgroup or a copy. */
double rnl_quota_read(const char *root, const char *file);

#endif
