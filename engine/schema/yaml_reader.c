#include "engine/schema/yaml_reader.h"

#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/schema/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 32

/* Memory is asked for as many nodes at a time, of some so many bytes with their texts. */
#define NODES_AT_ONCE ((size_t)1 << 16)
#define NODE_BYTES    (2 * sizeof(rnl_node))

typedef struct reader {
    const char *source;
    const char *text;
    size_t nodes; /* made so far */
    yaml_parser_t parser;
} reader;

static rnl_place place_of(const reader *r, yaml_mark_t mark)
{
    return (rnl_place){.source = r->source, .line = mark.line + 1, .column = mark.column + 1};
}

static rnl_status fail_at(rnl_place place, const char *what)
{
    return rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: %s", place.source, place.line, place.column, what);
}

static size_t line_at(const char *text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset; ++i)
        line += text[i] == '\n';
    return line;
}

static bool is_indented_by_tab(const char *text, size_t line)
{
    for (; line > 1 && *text; ++text)
        line -= *text == '\n';
    return text[strspn(text, " ")] == '\t';
}

/* Returns a hint for each of the two mistakes that are made most; "" for others. */
static const char *syntax_hint(const reader *r, size_t line)
{
    if (is_indented_by_tab(r->text, line))
        return "; lines are indented by spaces, not by tabs";
    if (strcmp(r->parser.problem, "mapping values are not allowed in this context") == 0)
        return "; a mapping within a line stands in braces: - dense: {units: 3}";
    return "";
}

static rnl_status fail_syntax(const reader *r)
{
    const yaml_parser_t *parser = &r->parser;
    if (parser->error == YAML_READER_ERROR)
        return rnl_fail(RNL_BAD_CONFIG, "%s:%zu: expected text in UTF-8: %s", r->source,
                        line_at(r->text, parser->problem_offset),
                        strncmp(r->text, "\x1f\x8b\x08", 3) == 0 ? "this is compressed by gzip"
                                                                 : parser->problem);
    if (parser->error != YAML_SCANNER_ERROR && parser->error != YAML_PARSER_ERROR)
        return rnl_fail_memory(sizeof(yaml_event_t));
    const rnl_place place = place_of(r, parser->problem_mark);
    return rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: not valid YAML: %s%s%s%s", place.source,
                    place.line, place.column, parser->problem, parser->context ? " " : "",
                    parser->context ? parser->context : "", syntax_hint(r, place.line));
}

static rnl_status next_event(reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? RNL_OK : fail_syntax(r);
}

static bool is_decorated(const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    default:
        return event->type == YAML_ALIAS_EVENT;
    }
}

static bool is_null(const char *text)
{
    return strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

static rnl_status read_scalar(rnl_node *node, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    if (memchr(text, '\0', length))
        return fail_at(node->place, "a zero byte is not text");
    node->text = strndup(text, length);
    if (!node->text)
        return rnl_fail_memory(length + 1);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!node->quoted && is_null(node->text))
        *node->text = '\0';
    return RNL_OK;
}

static rnl_status read_node(reader *r, const yaml_event_t *event, size_t depth, rnl_node **node);

static rnl_status read_list(reader *r, rnl_node *list, size_t depth)
{
    for (;;) {
        yaml_event_t event;
        RNL_TRY(next_event(r, &event));
        const bool ends = event.type == YAML_SEQUENCE_END_EVENT;
        rnl_node *item = NULL;
        const rnl_status status = ends ? RNL_OK : read_node(r, &event, depth + 1, &item);
        yaml_event_delete(&event);
        if (ends || status != RNL_OK)
            return status;
        if (!rnl_node_append(list, item)) {
            rnl_node_free(item);
            return rnl_fail_memory(sizeof item);
        }
    }
}

/* A mapping's key; NULL at its end. */
static rnl_status read_key(reader *r, rnl_node **key)
{
    yaml_event_t event;
    RNL_TRY(next_event(r, &event));
    *key = NULL;
    rnl_status status = RNL_OK;
    if (event.type != YAML_MAPPING_END_EVENT) {
        status = event.type == YAML_SCALAR_EVENT
                     ? read_node(r, &event, 0, key)
                     : fail_at(place_of(r, event.start_mark), "expected a plain word as key");
    }
    yaml_event_delete(&event);
    return status;
}

/* Equal keys in the order of the document. */
static int compare_keys(const void *a, const void *b)
{
    const rnl_node *x = *(rnl_node *const *)a, *y = *(rnl_node *const *)b;
    const int order = strcmp(x->key, y->key);
    if (order != 0 || x->key_place.line == y->key_place.line)
        return order != 0 ? order
                          : (x->key_place.column > y->key_place.column) -
                                (x->key_place.column < y->key_place.column);
    return x->key_place.line < y->key_place.line ? -1 : 1;
}

static rnl_status check_keys(const rnl_node *mapping)
{
    const size_t bytes = mapping->count * sizeof *mapping->items;
    rnl_node **sorted = malloc(bytes + 1);
    if (!sorted)
        return rnl_fail_memory(bytes);
    if (bytes > 0)
        memcpy(sorted, mapping->items, bytes);
    qsort(sorted, mapping->count, sizeof *sorted, compare_keys);
    rnl_status status = RNL_OK;
    for (size_t i = 1; status == RNL_OK && i < mapping->count; ++i)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            status = rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: the key '%.60s' is given twice",
                              sorted[i]->key_place.source, sorted[i]->key_place.line,
                              sorted[i]->key_place.column, sorted[i]->key);
    free(sorted);
    return status;
}

static rnl_status read_mapping(reader *r, rnl_node *mapping, size_t depth)
{
    for (;;) {
        rnl_node *key, *value = NULL;
        RNL_TRY(read_key(r, &key));
        if (!key)
            return check_keys(mapping);
        yaml_event_t event;
        rnl_status status = next_event(r, &event);
        if (status == RNL_OK) {
            status = read_node(r, &event, depth + 1, &value);
            yaml_event_delete(&event);
        }
        if (status == RNL_OK) {
            value->key = key->text;
            value->key_place = key->place;
            key->text = NULL;
            if (!rnl_node_append(mapping, value)) {
                rnl_node_free(value);
                status = rnl_fail_memory(sizeof value);
            }
        }
        rnl_node_free(key);
        RNL_TRY(status);
    }
}

static rnl_status fill_node(reader *r, const yaml_event_t *event, size_t depth, rnl_node *node)
{
    if (is_decorated(event))
        return fail_at(node->place, "anchors, aliases and tags are not accepted here");
    if (depth > MAX_DEPTH)
        return fail_at(node->place, "nested too deeply");
    switch (node->type) {
    case RNL_LIST:
        return read_list(r, node, depth);
    case RNL_MAPPING:
        return read_mapping(r, node, depth);
    default:
        return read_scalar(node, event);
    }
}

static rnl_status read_node(reader *r, const yaml_event_t *event, size_t depth, rnl_node **node)
{
    const rnl_node_type type = event->type == YAML_MAPPING_START_EVENT    ? RNL_MAPPING
                               : event->type == YAML_SEQUENCE_START_EVENT ? RNL_LIST
                                                                          : RNL_SCALAR;
    if (++r->nodes % NODES_AT_ONCE == 0)
        RNL_TRY(rnl_check_memory(r->source, NODES_AT_ONCE * NODE_BYTES));
    rnl_node *created = rnl_node_create(type, place_of(r, event->start_mark));
    if (!created)
        return rnl_fail_memory(sizeof *created);
    const rnl_status status = fill_node(r, event, depth, created);
    if (status != RNL_OK) {
        rnl_node_free(created);
        return status;
    }
    *node = created;
    return RNL_OK;
}

static bool begins_value(const yaml_event_t *event)
{
    return event->type == YAML_SCALAR_EVENT || event->type == YAML_MAPPING_START_EVENT ||
           event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_ALIAS_EVENT;
}

/* The value of the only document, or NULL. */
static rnl_status read_stream(reader *r, rnl_node **root)
{
    *root = NULL;
    bool ended = false;
    rnl_status status = RNL_OK;
    while (!ended && status == RNL_OK) {
        yaml_event_t event;
        status = next_event(r, &event);
        if (status != RNL_OK)
            break;
        ended = event.type == YAML_STREAM_END_EVENT;
        if (begins_value(&event))
            status = *root ? fail_at(place_of(r, event.start_mark),
                                     "a second document begins here: expected one")
                           : read_node(r, &event, 0, root);
        yaml_event_delete(&event);
    }
    if (status == RNL_OK && !*root) {
        *root =
            rnl_node_create(RNL_SCALAR, (rnl_place){.source = r->source, .line = 1, .column = 1});
        if (*root)
            (*root)->text = strdup("");
        if (!*root || !(*root)->text)
            status = rnl_fail_memory(sizeof **root);
    }
    if (status != RNL_OK) {
        rnl_node_free(*root);
        *root = NULL;
    }
    return status;
}

rnl_status rnl_yaml_read(rnl_node **root, const char *source, const char *text, size_t length)
{
    reader r = {.source = source, .text = text};
    if (!yaml_parser_initialize(&r.parser))
        return rnl_fail_memory(sizeof r.parser);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, length);
    const rnl_status status = read_stream(&r, root);
    yaml_parser_delete(&r.parser);
    return status;
}
