/*
 * A cable between two network namespaces that takes its time, where the kernel has no netem:
 *
 *     cable NAMESPACE NAMESPACE MICROSECONDS GBITS
 *
 * makes an interface "cable" in each, says "ready", and carries every frame to the other end after
 * the time that its bits take at this rate, one frame after the other in each direction, and the
 * latency.  Frames are as large as TCP makes them for a network card, up to 64 KiB.  Memory is that
 * of a fixed number of frames; beyond it senders wait.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 2048, LARGEST = 66 << 10 };

typedef struct frame {
    double due; /* seconds */
    ssize_t size;
    char bytes[LARGEST];
} frame;

/* Frames on their way from one end to the other. */
typedef struct direction {
    int in, out;
    double free; /* when the frame before has left */
    size_t first, count;
    frame *frames; /* (FRAMES), a ring */
} direction;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int check(int result, const char *what)
{
    if (result >= 0)
        return result;
    perror(what);
    exit(1);
}

static int open_end(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", name);
    const int space = check(open(path, O_RDONLY | O_CLOEXEC), path);
    check(setns(space, CLONE_NEWNET), "setns");
    close(space);
    const int end = check(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strcpy(request.ifr_name, "cable");
    check(ioctl(end, TUNSETIFF, &request), "TUNSETIFF");
    check(ioctl(end, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6), "TUNSETOFFLOAD");
    return end;
}

static void take(direction *d, double latency, double bytes_per_second)
{
    while (d->count < FRAMES) {
        frame *f = &d->frames[(d->first + d->count) % FRAMES];
        f->size = read(d->in, f->bytes, sizeof f->bytes);
        if (f->size <= 0)
            return;
        const double at = now();
        d->free = (at > d->free ? at : d->free) + (double)f->size / bytes_per_second;
        f->due = d->free + latency;
        ++d->count;
    }
}

/* A frame that the other end does not take is lost, as on any cable. */
static void give(direction *d)
{
    while (d->count > 0 && d->frames[d->first].due <= now()) {
        const frame *f = &d->frames[d->first];
        if (write(d->out, f->bytes, (size_t)f->size) < 0)
            perror("cable: a frame is lost");
        d->first = (d->first + 1) % FRAMES;
        --d->count;
    }
}

/* Waits for a frame, or until one is due. */
static void rest(const direction ways[2])
{
    struct pollfd ends[2];
    double seconds = 1;
    for (int i = 0; i < 2; ++i) {
        const direction *d = &ways[i];
        ends[i] = (struct pollfd){d->in, d->count < FRAMES ? POLLIN : 0, 0};
        if (d->count > 0 && d->frames[d->first].due - now() < seconds)
            seconds = d->frames[d->first].due - now();
    }
    const struct timespec t = {seconds >= 1,
                               seconds > 0 && seconds < 1 ? (long)(1e9 * seconds) : 0};
    ppoll(ends, 2, &t, NULL);
}

int main(int argc, char **argv)
{
    if (argc != 5 || atof(argv[3]) < 0 || !(atof(argv[4]) > 0)) {
        fprintf(stderr, "usage: cable NAMESPACE NAMESPACE MICROSECONDS GBITS\n");
        return 2;
    }
    const double latency = 1e-6 * atof(argv[3]), rate = 1e9 / 8 * atof(argv[4]);
    const int a = open_end(argv[1]), b = open_end(argv[2]);
    direction ways[2] = {{.in = a, .out = b}, {.in = b, .out = a}};
    for (int i = 0; i < 2; ++i)
        check((ways[i].frames = calloc(FRAMES, sizeof(frame))) ? 0 : -1, "memory");
    prctl(PR_SET_TIMERSLACK, 1000UL);
    prctl(PR_SET_PDEATHSIG, 9);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < 2; ++i) {
            take(&ways[i], latency, rate);
            give(&ways[i]);
        }
        rest(ways);
    }
}
