#include "tests/failing_calls.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <hwloc.h>
#include <jansson.h>
#include <locale.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>

static failure wanted;
static atomic_bool failing, failed;
static atomic_long calls;

void start_failing(const failure *f)
{
    wanted = *f;
    atomic_store(&calls, 0);
    atomic_store(&failing, true);
}

bool stop_failing(void)
{
    atomic_store(&failing, false);
    return atomic_load(&failed);
}

long calls_made(void)
{
    return atomic_load(&calls);
}

static call_places *noted;

void note_places(call_places *places)
{
    noted = places;
}

/* The nearest functions tell a loop's calls from others; more would tell rows of a table apart. */
static void note(long number)
{
    enum { NEAREST = 6, OURS = 3 };
    void *frames[OURS + NEAREST];
    const int count = backtrace(frames, OURS + NEAREST);
    unsigned long place = 0;
    for (int i = 0; i < count; ++i)
        place = (place ^ (unsigned long)frames[i]) * 0x9e3779b97f4a7c15;
    if (number <= (long)(sizeof noted->places / sizeof *noted->places))
        noted->places[noted->count = number, number - 1] = place;
}

static bool fails(call_kind kind)
{
    if (!atomic_load(&failing) || kind != wanted.kind)
        return false;
    const long number = atomic_fetch_add(&calls, 1) + 1;
    if (noted)
        note(number);
    if (number != wanted.number && !(wanted.onward && number > wanted.number))
        return false;
    if (wanted.stops)
        _exit(STOPPED_CODE);
    atomic_store(&failed, true);
    return true;
}

static bool fails_with(call_kind kind, int error)
{
    const bool does = fails(kind);
    if (does)
        errno = error;
    return does;
}

#define WRAP(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

/* A function that makes something, or returns nothing. */
#define WRAP_MAKER(kind, nothing, type, name, parameters, arguments)                               \
    WRAP(type, name, parameters)                                                                   \
    {                                                                                              \
        return fails_with(kind, ENOMEM) ? (nothing) : __real_##name arguments;                     \
    }

/* clang-format off */
WRAP_MAKER(ALLOCATION, NULL, void *, malloc, (size_t size), (size))
WRAP_MAKER(ALLOCATION, NULL, void *, calloc, (size_t count, size_t size), (count, size))
WRAP_MAKER(ALLOCATION, NULL, void *, realloc, (void *memory, size_t size), (memory, size))
WRAP_MAKER(ALLOCATION, NULL, void *, aligned_alloc, (size_t to, size_t size), (to, size))
WRAP_MAKER(ALLOCATION, NULL, char *, strdup, (const char *text), (text))
WRAP_MAKER(ALLOCATION, NULL, char *, strndup, (const char *text, size_t size), (text, size))
WRAP_MAKER(ALLOCATION, NULL, FILE *, open_memstream, (char **text, size_t *size), (text, size))
WRAP_MAKER(ALLOCATION, MAP_FAILED, void *, mmap64,
           (void *where, size_t size, int access, int flags, int file, off_t offset),
           (where, size, access, flags, file, offset))
WRAP_MAKER(ALLOCATION, -1, ssize_t, __getdelim, (char **line, size_t *size, int end, FILE *file),
           (line, size, end, file))

WRAP_MAKER(OBJECT, NULL, json_t *, json_object, (void), ())
WRAP_MAKER(OBJECT, NULL, json_t *, json_array, (void), ())
WRAP_MAKER(OBJECT, NULL, json_t *, json_string, (const char *text), (text))
WRAP_MAKER(OBJECT, NULL, json_t *, json_integer, (json_int_t value), (value))
WRAP_MAKER(OBJECT, NULL, char *, json_dumps, (const json_t *json, size_t flags), (json, flags))
WRAP_MAKER(OBJECT, NULL, json_t *, json_loads, (const char *text, size_t flags, json_error_t *error),
           (text, flags, error))
WRAP_MAKER(OBJECT, NULL, XXH3_state_t *, XXH3_createState, (void), ())
WRAP_MAKER(OBJECT, NULL, gzFile, gzdopen, (int file, const char *mode), (file, mode))
WRAP_MAKER(OBJECT, 0, int, yaml_parser_initialize, (yaml_parser_t *parser), (parser))
WRAP_MAKER(OBJECT, 0, int, yaml_parser_parse, (yaml_parser_t *parser, yaml_event_t *event), (parser, event))
WRAP_MAKER(OBJECT, NULL, hwloc_bitmap_t, hwloc_bitmap_alloc, (void), ())
WRAP_MAKER(OBJECT, -1, int, hwloc_bitmap_copy, (hwloc_bitmap_t to, hwloc_const_bitmap_t from), (to, from))
WRAP_MAKER(OBJECT, -1, int, hwloc_bitmap_set, (hwloc_bitmap_t set, unsigned number), (set, number))
WRAP_MAKER(OBJECT, -1, int, hwloc_bitmap_and,
           (hwloc_bitmap_t to, hwloc_const_bitmap_t a, hwloc_const_bitmap_t b), (to, a, b))
WRAP_MAKER(OBJECT, -1, int, hwloc_topology_init, (hwloc_topology_t *machine), (machine))
WRAP_MAKER(OBJECT, -1, int, hwloc_topology_load, (hwloc_topology_t machine), (machine))
WRAP_MAKER(OBJECT, (locale_t)0, locale_t, newlocale, (int mask, const char *name, locale_t base),
           (mask, name, base))
WRAP_MAKER(OBJECT, -1, int, socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP_MAKER(OBJECT, -1, int, bind, (int file, const struct sockaddr *address, socklen_t size), (file, address, size))
/* clang-format on */

WRAP(int, pthread_create,
     (pthread_t * thread, const pthread_attr_t *how, void *(*body)(void *), void *context))
{
    return fails(OBJECT) ? EAGAIN : __real_pthread_create(thread, how, body, context);
}

WRAP(int, asprintf, (char **text, const char *format, ...))
{
    if (fails_with(ALLOCATION, ENOMEM))
        return -1;
    va_list arguments;
    va_start(arguments, format);
    const int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

/* These take the value over even when they fail, and fail for one that is NULL. */
WRAP(int, json_object_set_new, (json_t * object, const char *key, json_t *value))
{
    return __real_json_object_set_new(fails(OBJECT) ? NULL : object, key, value);
}

WRAP(int, json_array_append_new, (json_t * array, json_t *value))
{
    return __real_json_array_append_new(fails(OBJECT) ? NULL : array, value);
}

WRAP(json_t *, json_pack, (const char *format, ...))
{
    json_error_t error;
    va_list arguments;
    va_start(arguments, format);
    json_t *packed = json_vpack_ex(&error, 0, format, arguments);
    va_end(arguments);
    if (!fails(OBJECT))
        return packed;
    json_decref(packed);
    return NULL;
}

/* ---- files ----------------------------------------------------------------------------------- */

WRAP(int, open64, (const char *path, int flags, ...))
{
    if (fails_with(FILE_CALL, EACCES))
        return -1;
    va_list mode;
    va_start(mode, flags);
    const unsigned bits = flags & O_CREAT ? va_arg(mode, unsigned) : 0;
    va_end(mode);
    return __real_open64(path, flags, bits);
}

WRAP(FILE *, fopen64, (const char *path, const char *mode))
{
    return fails_with(FILE_CALL, EACCES) ? NULL : __real_fopen64(path, mode);
}

WRAP(int, fclose, (FILE * file))
{
    const int closed = __real_fclose(file);
    return fails_with(FILE_CALL, EIO) ? EOF : closed;
}

WRAP(int, posix_fallocate64, (int file, off_t offset, off_t size))
{
    if (fails(INTERRUPTED_TRANSFER))
        return EINTR;
    return fails(FILE_CALL) ? ENOSPC : __real_posix_fallocate64(file, offset, size);
}

static size_t part_of(size_t count)
{
    return count > 1 && fails(SHORT_TRANSFER) ? count / 2 : count;
}

WRAP(ssize_t, write, (int file, const void *bytes, size_t count))
{
    if (fails_with(FILE_CALL, ENOSPC) || fails_with(INTERRUPTED_TRANSFER, EINTR))
        return -1;
    return __real_write(file, bytes, part_of(count));
}

WRAP(ssize_t, pread64, (int file, void *bytes, size_t count, off_t offset))
{
    if (fails_with(FILE_CALL, EIO) || fails_with(INTERRUPTED_TRANSFER, EINTR))
        return -1;
    return __real_pread64(file, bytes, part_of(count), offset);
}

WRAP(int, fstat64, (int file, struct stat *about))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_fstat64(file, about);
}

WRAP(int, stat64, (const char *path, struct stat *about))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_stat64(path, about);
}

WRAP(ssize_t, readlink, (const char *path, char *text, size_t size))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_readlink(path, text, size);
}

WRAP(int, fchmod, (int file, mode_t mode))
{
    return fails_with(FILE_CALL, EPERM) ? -1 : __real_fchmod(file, mode);
}

WRAP(int, fsync, (int file))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_fsync(file);
}

WRAP(int, close, (int file))
{
    const int closed = __real_close(file);
    return fails_with(FILE_CALL, EIO) ? -1 : closed;
}

WRAP(int, rename, (const char *from, const char *to))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_rename(from, to);
}

WRAP(int, unlink, (const char *path))
{
    return fails_with(FILE_CALL, EIO) ? -1 : __real_unlink(path);
}
