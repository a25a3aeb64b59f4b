#include "engine/data/csv_reader.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/data/content.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (1 << 16)
#define END_OF_FILE  (-1)

/* ---- bytes ----------------------------------------------------------------------------------- */

static rnl_status fill_buffer(rnl_csv_reader *reader)
{
    const uint64_t left = reader->limit - reader->read;
    reader->next = 0;
    RNL_TRY(rnl_stream_read(&reader->stream, reader->buffer,
                            left < BUFFER_BYTES ? (size_t)left : BUFFER_BYTES, &reader->end));
    reader->read += reader->end;
    return RNL_OK;
}

/* Takes what lies beyond the limit out of the buffer; returns what is left. */
static size_t clip(rnl_csv_reader *reader)
{
    const uint64_t beyond = reader->read > reader->limit ? reader->read - reader->limit : 0;
    reader->end -= (size_t)beyond;
    reader->read -= beyond;
    return reader->end;
}

uint64_t rnl_csv_offset(const rnl_csv_reader *reader)
{
    return reader->read - (reader->end - reader->next);
}

/* Within the buffer, or the file. */
static rnl_status move_to(rnl_csv_reader *reader, uint64_t begin)
{
    const uint64_t buffered = reader->read - reader->end;
    reader->counted_from = begin;
    reader->line = reader->column = 1;
    if (begin >= buffered && begin <= reader->read) {
        reader->next = (size_t)(begin - buffered);
        return RNL_OK;
    }
    reader->next = reader->end = 0;
    reader->read = begin;
    return rnl_stream_seek(&reader->stream, begin);
}

rnl_status rnl_csv_seek(rnl_csv_reader *reader, uint64_t begin, uint64_t limit)
{
    if (begin != rnl_csv_offset(reader))
        RNL_TRY(move_to(reader, begin));
    reader->limit = limit;
    if (reader->read > limit)
        RNL_TRY(rnl_stream_seek(&reader->stream, limit));
    clip(reader);
    return RNL_OK;
}

size_t rnl_csv_lines_before(const rnl_csv_reader *reader)
{
    rnl_csv_reader whole;
    size_t lines = 0;
    if (reader->counted_from == 0 ||
        rnl_csv_open(&whole, reader->stream.path, reader->delimiter) != RNL_OK)
        return 0;
    whole.limit = reader->counted_from;
    do {
        const char *at = whole.buffer, *end = at + clip(&whole);
        for (; (at = memchr(at, '\n', (size_t)(end - at))); ++at)
            ++lines;
    } while (fill_buffer(&whole) == RNL_OK && whole.end > 0);
    rnl_csv_close(&whole);
    return lines;
}

rnl_status rnl_csv_fail(const rnl_csv_reader *reader, size_t line, size_t column,
                        const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return rnl_fail(RNL_BAD_DATA, "%s:%zu:%zu: %s", reader->stream.path,
                    rnl_csv_lines_before(reader) + line, column, text);
}

/* The next byte, not taken yet. */
static rnl_status peek(rnl_csv_reader *reader, int *byte)
{
    if (reader->next == reader->end)
        RNL_TRY(fill_buffer(reader));
    *byte = reader->end == 0 ? END_OF_FILE : (unsigned char)reader->buffer[reader->next];
    return RNL_OK;
}

static void advance(rnl_csv_reader *reader)
{
    const bool line_end = reader->buffer[reader->next++] == '\n';
    reader->line += line_end;
    reader->column = line_end ? 1 : reader->column + 1;
}

static rnl_status append(rnl_csv_reader *reader, char byte)
{
    if (reader->length == reader->capacity)
        RNL_TRY(rnl_grow(&reader->text, reader->stream.path, &reader->capacity, 1));
    reader->text[reader->length++] = byte;
    return RNL_OK;
}

/* ---- cells ----------------------------------------------------------------------------------- */

static rnl_status begin_cell(rnl_csv_reader *reader)
{
    if (reader->count == reader->cell_capacity)
        RNL_TRY(rnl_grow(&reader->cells, reader->stream.path, &reader->cell_capacity,
                         sizeof *reader->cells));
    reader->cells[reader->count++] =
        (rnl_csv_cell){.begin = reader->length, .line = reader->line, .column = reader->column};
    return RNL_OK;
}

static bool is_blank(int byte)
{
    return byte == ' ' || byte == '\t';
}

static bool ends_cell(const rnl_csv_reader *reader, int byte)
{
    const bool delimits =
        reader->delimiter == RNL_CSV_BLANKS ? is_blank(byte) : byte == reader->delimiter;
    return byte == END_OF_FILE || byte == '\n' || byte == '\r' || delimits;
}

static rnl_status skip_blanks(rnl_csv_reader *reader, int *byte)
{
    RNL_TRY(peek(reader, byte));
    while (is_blank(*byte) && *byte != reader->delimiter) {
        advance(reader);
        RNL_TRY(peek(reader, byte));
    }
    return RNL_OK;
}

static rnl_status refuse_nul(const rnl_csv_reader *reader, int byte)
{
    return byte == 0 ? rnl_csv_fail(reader, reader->line, reader->column,
                                    "expected text, got a byte of 0")
                     : RNL_OK;
}

/* Reads from the opening quote to behind the closing one; a doubled quote stands for one. */
static rnl_status read_quoted(rnl_csv_reader *reader)
{
    const size_t line = reader->line, column = reader->column;
    int byte;
    advance(reader);
    for (;;) {
        RNL_TRY(peek(reader, &byte));
        RNL_TRY(refuse_nul(reader, byte));
        if (byte == END_OF_FILE)
            return rnl_csv_fail(reader, line, column, "this quote is never closed");
        advance(reader);
        if (byte == '"') {
            RNL_TRY(peek(reader, &byte));
            if (byte != '"')
                break;
            advance(reader);
        }
        RNL_TRY(append(reader, (char)byte));
    }
    return RNL_OK;
}

/* What may delimit the cells where a quoted one is followed by this byte, maybe behind a blank;
 * NULL: nothing that is known. */
static const char *likely_delimiter(int blank, int byte)
{
    return byte == ';'                   ? "\";\""
           : byte == ','                 ? "\",\""
           : byte == '|'                 ? "\"|\""
           : blank == '\t'               ? "\"\\t\""
           : blank == ' ' && byte == '"' ? "whitespace"
                                         : NULL;
}

/* Expects the end of a cell after a closing quote. */
static rnl_status expect_end_of_cell(rnl_csv_reader *reader)
{
    const bool blanks = reader->delimiter == RNL_CSV_BLANKS;
    char hint[40] = "";
    int first, byte;
    RNL_TRY(peek(reader, &first));
    byte = first;
    if (!blanks)
        RNL_TRY(skip_blanks(reader, &byte));
    if (ends_cell(reader, byte))
        return RNL_OK;
    const char *delimiter = likely_delimiter(first, byte);
    if (delimiter)
        snprintf(hint, sizeof hint, " (perhaps `delimiter: %s`)", delimiter);
    return rnl_csv_fail(reader, reader->line, reader->column,
                        "expected '%c' or the end of the line after a closing quote%s",
                        blanks ? ' ' : reader->delimiter, hint);
}

static rnl_status read_plain(rnl_csv_reader *reader)
{
    const size_t begin = reader->length;
    int byte;
    RNL_TRY(peek(reader, &byte));
    while (!ends_cell(reader, byte)) {
        RNL_TRY(refuse_nul(reader, byte));
        RNL_TRY(append(reader, (char)byte));
        advance(reader);
        RNL_TRY(peek(reader, &byte));
    }
    while (reader->length > begin && is_blank(reader->text[reader->length - 1]))
        --reader->length;
    return RNL_OK;
}

static rnl_status read_cell(rnl_csv_reader *reader)
{
    int byte;
    RNL_TRY(skip_blanks(reader, &byte));
    RNL_TRY(begin_cell(reader));
    const bool quoted = byte == '"';
    RNL_TRY(quoted ? read_quoted(reader) : read_plain(reader));
    if (quoted)
        RNL_TRY(expect_end_of_cell(reader));
    return append(reader, '\0');
}

/* ---- records --------------------------------------------------------------------------------- */

static rnl_status skip_line_end(rnl_csv_reader *reader)
{
    int byte;
    RNL_TRY(peek(reader, &byte));
    if (byte == '\r') {
        advance(reader);
        RNL_TRY(peek(reader, &byte));
        if (byte != '\n')
            return rnl_csv_fail(reader, reader->line, reader->column,
                                "expected a line feed after a carriage return");
    }
    if (byte == '\n')
        advance(reader);
    return RNL_OK;
}

/* The first byte of a line; where blanks separate cells, they do not begin one. */
static rnl_status begin_line(rnl_csv_reader *reader, int *byte)
{
    reader->begin = rnl_csv_offset(reader);
    return reader->delimiter == RNL_CSV_BLANKS ? skip_blanks(reader, byte) : peek(reader, byte);
}

static rnl_status skip_empty_lines(rnl_csv_reader *reader, int *byte)
{
    RNL_TRY(begin_line(reader, byte));
    while ((*byte == '\n' || *byte == '\r') && !reader->keeps_empty_lines) {
        RNL_TRY(skip_line_end(reader));
        RNL_TRY(begin_line(reader, byte));
    }
    return RNL_OK;
}

/* Moves to the next cell of the record, if there is one. */
static rnl_status next_cell(rnl_csv_reader *reader, bool *is_there)
{
    int byte;
    if (reader->delimiter == RNL_CSV_BLANKS) {
        RNL_TRY(skip_blanks(reader, &byte));
        *is_there = !ends_cell(reader, byte);
        return RNL_OK;
    }
    RNL_TRY(peek(reader, &byte));
    *is_there = byte == reader->delimiter;
    if (*is_there)
        advance(reader);
    return RNL_OK;
}

rnl_status rnl_csv_next(rnl_csv_reader *reader)
{
    int byte;
    bool more = true;
    reader->count = 0;
    reader->length = 0;
    RNL_TRY(skip_empty_lines(reader, &byte));
    if (byte == END_OF_FILE)
        return RNL_OK;
    while (more) {
        RNL_TRY(read_cell(reader));
        RNL_TRY(next_cell(reader, &more));
    }
    RNL_TRY(skip_line_end(reader));
    for (size_t i = 0; i < reader->count; ++i)
        reader->cells[i].text = reader->text + reader->cells[i].begin;
    return RNL_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void skip_byte_order_mark(rnl_csv_reader *reader)
{
    if (reader->end >= 3 && memcmp(reader->buffer, "\xef\xbb\xbf", 3) == 0)
        reader->next = 3;
}

static rnl_status check_content(const rnl_csv_reader *reader)
{
    const char *other = rnl_content_name(reader->buffer, reader->end);
    return other ? rnl_fail(RNL_BAD_DATA, "%s: expected the text of a table in UTF-8, got %s",
                            reader->stream.path, other)
                 : RNL_OK;
}

rnl_status rnl_csv_open(rnl_csv_reader *reader, const char *path, char delimiter)
{
    *reader = (rnl_csv_reader){.delimiter = delimiter, .line = 1, .column = 1, .limit = UINT64_MAX};
    RNL_TRY(rnl_stream_open(&reader->stream, path));
    reader->buffer = malloc(BUFFER_BYTES);
    rnl_status status = reader->buffer ? fill_buffer(reader) : rnl_fail_memory(BUFFER_BYTES);
    if (status == RNL_OK)
        status = check_content(reader);
    if (status != RNL_OK)
        rnl_csv_close(reader);
    else
        skip_byte_order_mark(reader);
    return status;
}

void rnl_csv_close(rnl_csv_reader *reader)
{
    rnl_stream_close(&reader->stream);
    free(reader->buffer);
    free(reader->text);
    free(reader->cells);
    *reader = (rnl_csv_reader){0};
}
