#include "threading/claims.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* An abstract name: its first byte is 0, and its length counts. */
typedef struct name {
    struct sockaddr_un address;
    socklen_t size;
} name;

static name make_name(const char *kind, unsigned number)
{
    name n = {.address.sun_family = AF_UNIX};
    char *text = n.address.sun_path + 1;
    const int length = snprintf(text, sizeof n.address.sun_path - 1, "runnel/%s/%u", kind, number);
    n.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    return n;
}

static name name_of(const rnl_core *core)
{
    return make_name("core", core->first_thread);
}

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* A connection attempt finds whether a name is taken, without taking it. */
void rnl_claims_read(rnl_topology *topology)
{
    const int probe = open_socket();
    for (size_t i = 0; probe >= 0 && i < topology->core_count; ++i) {
        const name n = name_of(&topology->cores[i]);
        topology->cores[i].claimed =
            connect(probe, (const struct sockaddr *)&n.address, n.size) == 0;
    }
    if (probe >= 0)
        close(probe);
}

/* Returns a socket with the name, or -1 with errno set. */
static int claim(const name *n)
{
    const int claimed = open_socket();
    if (claimed < 0 || bind(claimed, (const struct sockaddr *)&n->address, n->size) == 0)
        return claimed;
    const int error = errno;
    close(claimed);
    errno = error;
    return -1;
}

static bool has_worker(const rnl_placement *placement, const rnl_core *core)
{
    for (size_t i = 0; i < placement->workers; ++i)
        if (placement->processors[i] == core->processor)
            return true;
    return false;
}

bool rnl_claims_take(rnl_placement *placement, const rnl_topology *topology)
{
    for (size_t i = 0; i < topology->core_count; ++i) {
        if (!has_worker(placement, &topology->cores[i]))
            continue;
        const name n = name_of(&topology->cores[i]);
        const int claimed = claim(&n);
        if (claimed >= 0)
            placement->claims[placement->claim_count++] = claimed;
        else if (errno == EADDRINUSE) {
            rnl_placement_give_up_claims(placement);
            return false;
        }
    }
    return true;
}

int rnl_claims_await_turn(void)
{
    static const struct timespec a_little = {.tv_nsec = 1000000};
    const name n = make_name("turn", 0);
    int turn = claim(&n);
    for (int tries = 0; turn < 0 && errno == EADDRINUSE && tries < 500; ++tries) {
        nanosleep(&a_little, NULL);
        turn = claim(&n);
    }
    return turn;
}
