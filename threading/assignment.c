#include "threading/assignment.h"

rnl_range rnl_share(size_t count, size_t workers, size_t worker)
{
    const size_t each = count / workers, rest = count % workers;
    const size_t begin = worker * each + (worker < rest ? worker : rest);
    return (rnl_range){begin, begin + each + (worker < rest)};
}
