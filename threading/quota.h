/*
 * How much CPU time the control groups leave to this process.
 */
#ifndef RNL_THREADING_QUOTA_H
#define RNL_THREADING_QUOTA_H

/* Processors' worth of CPU time: the smallest limit from the process's control groups up to the
 * root, of version 2 (cpu.max) and version 1 (cpu.cfs_quota_us); 0 if there is none.  What cannot
 * be read sets no limit.  root is the like of /sys/fs/cgroup, file that of /proc/self/cgroup. */
double rnl_quota_read(const char *root, const char *file);

#endif
