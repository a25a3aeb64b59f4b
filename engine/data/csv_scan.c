#include "engine/data/csv_scan.h"

#include "engine/base/error.h"
#include "engine/storage/input_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (1 << 18)

/* The part of a table that the next byte belongs to. */
typedef enum place {
    CELL,   /* the beginning of a cell, where a quote opens it */
    PLAIN,  /* a cell without quotes, or what is behind a closing quote */
    QUOTED, /* a quoted cell */
    QUOTE   /* behind a quote in one: it ends, or goes on with another quote */
} place;

typedef struct scan {
    const char *path;
    char delimiter;
    int descriptor;
    uint64_t size;
    char *piece; /* (PIECE_BYTES) */
} scan;

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static bool begins_cell(const scan *s, char byte)
{
    return byte == '\n' || (s->delimiter == RNL_CSV_BLANKS ? is_blank(byte) : byte == s->delimiter);
}

/* The place behind bytes without a quote, which themselves begin at a place without quotes. */
static place place_behind(const scan *s, const char *from, const char *to, place before)
{
    for (; to > from; --to) {
        if (begins_cell(s, to[-1]))
            return CELL;
        if (!is_blank(to[-1]))
            return PLAIN;
    }
    return before;
}

/* Notes where a record begins first; 0 until it is known. */
static void note_record(uint64_t *record, uint64_t at, const char *from, const char *to)
{
    const char *line_feed = *record == 0 ? memchr(from, '\n', (size_t)(to - from)) : NULL;
    if (line_feed)
        *record = at + (uint64_t)(line_feed - from) + 1;
}

/* Follows bytes from `at` of the file on, which begin at a place. */
static place follow(const scan *s, place now, uint64_t at, size_t count, uint64_t *record)
{
    const char *next = s->piece, *end = next + count;
    while (next < end) {
        const char *quote = memchr(next, '"', (size_t)(end - next)), *stop = quote ? quote : end;
        if (now == QUOTE) {
            now = *next == '"' ? QUOTED : PLAIN;
            next += now == QUOTED;
            continue;
        }
        if (now == QUOTED) {
            now = quote ? QUOTE : QUOTED;
        } else {
            note_record(record, at + (uint64_t)(next - s->piece), next, stop);
            now = place_behind(s, next, stop, now);
            now = quote && now == CELL ? QUOTED : quote ? PLAIN : now;
        }
        next = quote ? quote + 1 : end;
    }
    return now;
}

static rnl_status read_piece(const scan *s, uint64_t at, uint64_t end, size_t *count)
{
    *count = end - at < PIECE_BYTES ? (size_t)(end - at) : PIECE_BYTES;
    return rnl_input_read(s->descriptor, s->path, s->piece, *count, at);
}

/* The byte behind the first line feed from `at` on, or the file's size. */
static rnl_status find_line(const scan *s, uint64_t at, uint64_t *line)
{
    size_t count;
    for (*line = 0; *line == 0 && at < s->size; at += count) {
        RNL_TRY(read_piece(s, at, s->size, &count));
        note_record(line, at, s->piece, s->piece + count);
    }
    *line = *line == 0 ? s->size : *line;
    return RNL_OK;
}

/* Follows the lines for both cases. */
static rnl_status look(const scan *s, rnl_csv_stretch *stretch)
{
    place now[2] = {CELL, QUOTED};
    uint64_t record[2] = {0};
    size_t count;
    for (uint64_t at = stretch->begin; at < stretch->end; at += count) {
        RNL_TRY(read_piece(s, at, stretch->end, &count));
        for (int quoted = 0; quoted < 2; ++quoted)
            now[quoted] = follow(s, now[quoted], at, count, &record[quoted]);
    }
    stretch->record[0] = stretch->begin;
    stretch->record[1] = record[1] > 0 ? record[1] : stretch->end;
    for (int quoted = 0; quoted < 2; ++quoted)
        stretch->quoted[quoted] = now[quoted] == QUOTED;
    return RNL_OK;
}

static rnl_status look_at_lines(const scan *s, rnl_csv_stretch *stretch, uint64_t from, uint64_t to,
                                bool first)
{
    stretch->begin = from;
    if (!first)
        RNL_TRY(find_line(s, from - 1, &stretch->begin));
    RNL_TRY(find_line(s, to - 1, &stretch->end));
    return look(s, stretch);
}

rnl_status rnl_csv_scan(rnl_csv_stretch *stretch, const rnl_csv_reader *reader, uint64_t from,
                        uint64_t to, bool first)
{
    scan s = {
        .path = reader->stream.path, .delimiter = reader->delimiter, .piece = malloc(PIECE_BYTES)};
    if (!s.piece)
        return rnl_fail_memory(PIECE_BYTES);
    rnl_status status = rnl_input_open(&s.descriptor, &s.size, s.path);
    if (status == RNL_OK) {
        status = look_at_lines(&s, stretch, from, to, first);
        close(s.descriptor);
    }
    free(s.piece);
    return status;
}
