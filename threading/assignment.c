#include "threading/assignment.h"

size_t rnl_share_owner(size_t count, size_t workers, size_t item)
{
    const size_t each = count / workers, rest = count % workers;
    const size_t in_larger_shares = rest * (each + 1);
    return item < in_larger_shares ? item / (each + 1) : rest + (item - in_larger_shares) / each;
}

size_t rnl_share_owner_apart(size_t count, size_t first, size_t own, size_t workers, size_t item)
{
    if (item >= first && item < first + own)
        return rnl_share_owner(own, workers, item - first);
    return rnl_share_owner(count - own, workers, item < first ? item : item - own);
}
