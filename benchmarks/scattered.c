#include "benchmarks/scattered.h"

#include "benchmarks/normal_numbers.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, MOST_PAGES = 1024, LINE = 64, MOST_LINES = 512 };

static size_t draw(uint64_t *state, size_t most)
{
    return 1 + (size_t)(rnl_uniform_number(state) * (double)most);
}

void rnl_scattered_take(rnl_scattered *s, uint64_t *state)
{
    s->bytes = PAGE * draw(state, MOST_PAGES);
    s->pages = mmap(NULL, s->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s->pages == MAP_FAILED)
        s->pages = NULL;
    for (size_t i = 0; s->pages && i < s->bytes; i += PAGE)
        ((volatile char *)s->pages)[i] = 1;
    s->lines = malloc(LINE * draw(state, MOST_LINES));
}

void rnl_scattered_release(rnl_scattered *s)
{
    if (s->pages)
        munmap(s->pages, s->bytes);
    free(s->lines);
    *s = (rnl_scattered){0};
}
