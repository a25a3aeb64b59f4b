#include "engine/config/yaml_reader.h"

#include "engine/error.h"

#include <libfyaml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32

typedef struct reader {
    const char *source;
    struct fy_diag *diagnostics;
    struct fy_parser *parser;
} reader;

static rnl_place place_of(const reader *r, struct fy_token *token)
{
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return mark ? (rnl_place){r->source, (size_t)mark->line + 1, (size_t)mark->column + 1}
                : (rnl_place){r->source, 1, 1};
}

static rnl_status fail_at(rnl_place place, const char *what)
{
    return rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: %s", place.source, place.line, place.column, what);
}

/* The first error that libfyaml has collected. */
static rnl_status fail_syntax(const reader *r)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(r->diagnostics, &iterator);
    if (!error)
        return rnl_fail(RNL_BAD_CONFIG, "%s: cannot be read as YAML", r->source);
    return rnl_fail(RNL_BAD_CONFIG, "%s:%d:%d: not valid YAML: %s", r->source, error->line,
                    error->column, error->msg);
}

static struct fy_token *token_of(const struct fy_event *event)
{
    switch (event->type) {
    case FYET_SCALAR:
        return event->scalar.value;
    case FYET_MAPPING_START:
        return event->mapping_start.mapping_start;
    case FYET_SEQUENCE_START:
        return event->sequence_start.sequence_start;
    case FYET_ALIAS:
        return event->alias.anchor;
    default:
        return NULL;
    }
}

static bool is_decorated(const struct fy_event *event)
{
    switch (event->type) {
    case FYET_SCALAR:
        return event->scalar.anchor || event->scalar.tag;
    case FYET_MAPPING_START:
        return event->mapping_start.anchor || event->mapping_start.tag;
    case FYET_SEQUENCE_START:
        return event->sequence_start.anchor || event->sequence_start.tag;
    default:
        return event->type == FYET_ALIAS;
    }
}

static rnl_status next_event(const reader *r, struct fy_event **event)
{
    *event = fy_parser_parse(r->parser);
    return *event ? RNL_OK : fail_syntax(r);
}

static bool is_null(const char *text)
{
    return strcmp(text, "null") == 0 || strcmp(text, "~") == 0 || strcmp(text, "Null") == 0 ||
           strcmp(text, "NULL") == 0;
}

static rnl_status read_scalar(rnl_node *node, const struct fy_event *event)
{
    size_t length = 0;
    struct fy_token *token = event->scalar.value;
    const char *text = token ? fy_token_get_text(token, &length) : "";
    if (!text)
        return rnl_fail_memory(length + 1);
    if (memchr(text, '\0', length))
        return fail_at(node->place, "a zero byte is not text");
    node->text = strndup(text, length);
    if (!node->text)
        return rnl_fail_memory(length + 1);
    node->quoted = token && fy_token_scalar_style(token) != FYSS_PLAIN;
    if (!node->quoted && is_null(node->text))
        *node->text = '\0';
    return RNL_OK;
}

static rnl_status read_node(const reader *r, const struct fy_event *event, size_t depth,
                            rnl_node **node);

static rnl_status read_list(const reader *r, rnl_node *list, size_t depth)
{
    for (;;) {
        struct fy_event *event;
        RNL_TRY(next_event(r, &event));
        const bool ends = event->type == FYET_SEQUENCE_END;
        rnl_node *item = NULL;
        const rnl_status status = ends ? RNL_OK : read_node(r, event, depth + 1, &item);
        fy_parser_event_free(r->parser, event);
        if (ends || status != RNL_OK)
            return status;
        if (!rnl_node_append(list, item)) {
            rnl_node_free(item);
            return rnl_fail_memory(sizeof item);
        }
    }
}

/* A mapping's key; NULL at its end. */
static rnl_status read_key(const reader *r, const rnl_node *mapping, rnl_node **key)
{
    struct fy_event *event;
    RNL_TRY(next_event(r, &event));
    *key = NULL;
    rnl_status status = RNL_OK;
    if (event->type != FYET_MAPPING_END) {
        status = event->type == FYET_SCALAR
                     ? read_node(r, event, 0, key)
                     : fail_at(place_of(r, token_of(event)), "expected a plain word as key");
    }
    fy_parser_event_free(r->parser, event);
    if (status == RNL_OK && *key && rnl_node_get(mapping, (*key)->text)) {
        status = rnl_fail(RNL_BAD_CONFIG, "%s:%zu:%zu: the key '%s' is given twice", r->source,
                          (*key)->place.line, (*key)->place.column, (*key)->text);
        rnl_node_free(*key);
    }
    return status;
}

static rnl_status read_mapping(const reader *r, rnl_node *mapping, size_t depth)
{
    for (;;) {
        rnl_node *key, *value = NULL;
        RNL_TRY(read_key(r, mapping, &key));
        if (!key)
            return RNL_OK;
        struct fy_event *event;
        rnl_status status = next_event(r, &event);
        if (status == RNL_OK) {
            status = read_node(r, event, depth + 1, &value);
            fy_parser_event_free(r->parser, event);
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

static rnl_status fill_node(const reader *r, const struct fy_event *event, size_t depth,
                            rnl_node *node)
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

static rnl_status read_node(const reader *r, const struct fy_event *event, size_t depth,
                            rnl_node **node)
{
    const rnl_node_type type = event->type == FYET_MAPPING_START    ? RNL_MAPPING
                               : event->type == FYET_SEQUENCE_START ? RNL_LIST
                                                                    : RNL_SCALAR;
    rnl_node *created = rnl_node_create(type, place_of(r, token_of(event)));
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

static bool begins_value(const struct fy_event *event)
{
    return event->type == FYET_SCALAR || event->type == FYET_MAPPING_START ||
           event->type == FYET_SEQUENCE_START || event->type == FYET_ALIAS;
}

/* The value of the only document, or NULL. */
static rnl_status read_stream(const reader *r, rnl_node **root)
{
    *root = NULL;
    bool ended = false;
    rnl_status status = RNL_OK;
    while (!ended && status == RNL_OK) {
        struct fy_event *event;
        status = next_event(r, &event);
        if (status != RNL_OK)
            break;
        ended = event->type == FYET_STREAM_END;
        if (begins_value(event))
            status = *root ? fail_at(place_of(r, token_of(event)),
                                     "a second document begins here: expected one")
                           : read_node(r, event, 0, root);
        fy_parser_event_free(r->parser, event);
    }
    if (status == RNL_OK && !*root) {
        *root = rnl_node_create(RNL_SCALAR, (rnl_place){r->source, 1, 1});
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

/* libfyaml prints nothing: it collects. */
static void stay_silent(struct fy_diag *diagnostics, void *user, const char *text, size_t length)
{
    (void)diagnostics;
    (void)user;
    (void)text;
    (void)length;
}

static bool is_control(uint32_t code)
{
    return code == 0x7f || (code < 0x20 && code != '\t' && code != '\n' && code != '\r');
}

/* The length of the character that stands here; 0 if it is none, as an overlong form, a surrogate
 * or a control character, which YAML forbids. */
static size_t character_length(const unsigned char *text, size_t left)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char first = text[0];
    const size_t more = first < 0x80             ? 0
                        : (first & 0xe0) == 0xc0 ? 1
                        : (first & 0xf0) == 0xe0 ? 2
                        : (first & 0xf8) == 0xf0 ? 3
                                                 : left;
    if (more >= left)
        return 0;
    uint32_t code = more > 0 ? first & (0x3fu >> more) : first;
    for (size_t k = 1; k <= more; ++k) {
        if ((text[k] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[k] & 0x3f);
    }
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const bool wrong = code < least[more] || code > 0x10ffff || surrogate || is_control(code);
    return wrong ? 0 : more + 1;
}

/* libfyaml 0.7.12 crashes on some texts that are none, and never returns from others. */
static bool is_text(const char *text, size_t length, size_t *line)
{
    *line = 1;
    for (size_t i = 0; i < length;) {
        const size_t taken = character_length((const unsigned char *)text + i, length - i);
        if (taken == 0)
            return false;
        *line += text[i] == '\n';
        i += taken;
    }
    return true;
}

rnl_status rnl_yaml_read(rnl_node **root, const char *source, const char *text, size_t length)
{
    size_t line;
    if (!is_text(text, length, &line))
        return rnl_fail(RNL_BAD_CONFIG, "%s:%zu: expected text in UTF-8 without control characters",
                        source, line);
    struct fy_diag_cfg silent;
    fy_diag_cfg_default(&silent);
    silent.fp = NULL;
    silent.output_fn = stay_silent;
    reader r = {.source = source, .diagnostics = fy_diag_create(&silent)};
    if (!r.diagnostics)
        return rnl_fail_memory(sizeof silent);
    fy_diag_set_collect_errors(r.diagnostics, true);
    const struct fy_parse_cfg configuration = {.flags = FYPCF_QUIET, .diag = r.diagnostics};
    r.parser = fy_parser_create(&configuration);
    rnl_status status;
    if (r.parser && fy_parser_set_string(r.parser, text, length) == 0)
        status = read_stream(&r, root);
    else
        status = rnl_fail_memory(length);
    fy_parser_destroy(r.parser);
    fy_diag_destroy(r.diagnostics);
    return status;
}
