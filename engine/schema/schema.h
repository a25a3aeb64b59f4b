/*
 * The schema: tables of the keys and kinds that exist.  Each room of the engine owns the table of
 * its kinds (layers, activations, optimizers, ...).  The tables generate the check of a
 * configuration, its defaults, its messages, `runnel help config` and --print-config.  To add a
 * kind is to add one entry.
 */
#ifndef RNL_ENGINE_SCHEMA_SCHEMA_H
#define RNL_ENGINE_SCHEMA_SCHEMA_H

#include "engine/schema/tree.h"

#include <stdint.h>

typedef enum rnl_field_type {
    RNL_FIELD_INTEGER,     /* int64_t */
    RNL_FIELD_NUMBER,      /* double */
    RNL_FIELD_BOOLEAN,     /* bool */
    RNL_FIELD_TEXT,        /* char *, NULL if the default is "null" */
    RNL_FIELD_TEXT_LIST,   /* rnl_text_list: a list of texts, or one text */
    RNL_FIELD_NUMBER_LIST, /* rnl_number_list */
    RNL_FIELD_NUMBER_MAP,  /* rnl_number_map: numbers under keys of the user's own */
    RNL_FIELD_TEXT_MAP,    /* rnl_text_map: texts under keys of the user's own */
    RNL_FIELD_KIND,        /* rnl_choice: `name` or `name: {parameters}` */
    RNL_FIELD_KIND_LIST,   /* rnl_choice_list */
    RNL_FIELD_KIND_MAP,    /* rnl_choice_map: choices under keys of the user's own */
    RNL_FIELD_FORMULA,     /* rnl_formula *, of the variables in `names` (formula.h) */
    RNL_FIELD_SECTION      /* a struct in place, described by `section` */
} rnl_field_type;

struct rnl_kind_table;
typedef struct rnl_formula rnl_formula;

/* One key of a mapping, decoded into a member of a struct. */
typedef struct rnl_field {
    const char *key; /* NULL ends an array of fields */
    rnl_field_type type;
    size_t offset;        /* of the member, by offsetof */
    const char *fallback; /* the default as YAML text; NULL: the key is required */
    double minimum;       /* numbers and integers: inclusive bounds, or both 0 for none; */
    double maximum;
    bool above_minimum; /* the minimum itself is refused */
    bool power_of_two;  /* RNL_FIELD_INTEGER: no other is taken */
    const char *word;   /* RNL_FIELD_NUMBER_MAP: a word that may replace the whole map; NULL:
                           none */
    const char *zero;   /* RNL_FIELD_NUMBER: the word written for 0, which is then refused as a
                           number; NULL: none */
    /* RNL_FIELD_TEXT: what is expected in place of a text that is refused, else NULL; NULL: every
     * text is taken. */
    const char *(*refuse)(const char *text);
    const struct rnl_kind_table *kinds;          /* RNL_FIELD_KIND and RNL_FIELD_KIND_LIST; for
                                                    RNL_FIELD_TEXT, the text names a figure of such a metric,
                                                    with or without val_ */
    const struct rnl_field *section;             /* RNL_FIELD_SECTION */
    const char *const *names;                    /* RNL_FIELD_FORMULA; NULL ends them */
    rnl_status (*prepare)(rnl_formula *formula); /* RNL_FIELD_FORMULA, once it is parsed; NULL:
                                                    nothing is left to do */
    bool rewritten;   /* a key that is rewritten into others before decoding, and never decoded */
    const char *help; /* one line for users: meaning and unit */
} rnl_field;

/* One kind of layer, activation, optimizer, ... */
typedef struct rnl_kind {
    const char *name;
    /* Other accepted names, separated by blanks; NULL: none.  The name of its Keras class
     * ("HeNormal") is accepted without an entry. */
    const char *aliases;
    const char *help;
    const rnl_field *fields; /* parameters; NULL if it has none */
    size_t size;             /* of the struct that the fields describe */
    /* The key of the parameter that a single value after the kind's name sets: `max_norm: 1.0`;
     * NULL: none. */
    const char *main;
    /* The key of a field whose value is written directly after the kind's name, instead of a
     * mapping of parameters: `activation: elu` sets `function`.  It is then the kind's only
     * field. */
    const char *shorthand;
    const char *list_kind;  /* the kind that a list within its list stands for; NULL: none */
    const void *operations; /* what the kind does; the table's owner defines the type */
} rnl_kind;

typedef struct rnl_kind_table {
    const char *noun;   /* "activation", for messages */
    const char *plural; /* "activations", a help topic */
    const rnl_kind *kinds;
    size_t count;
    /* The kind with a shorthand that is written as a number without a name; NULL: none. */
    const char *plain;
    /* The kind whose parameters are written without a name, `{default: ..., columns: ...}`; NULL:
     * none. */
    const rnl_kind *unnamed;
    /* The kind that a text which can only be a formula stands for, as its main parameter; NULL:
     * none. */
    const char *formula;
    bool named; /* a choice may be given a name, by the key `name` among its parameters */
} rnl_kind_table;

/* A chosen kind, with parameters decoded and defaults filled in. */
typedef struct rnl_choice {
    const rnl_kind *kind; /* NULL if the field's default is "null" and nothing is chosen */
    void *parameters;     /* a struct of kind->size bytes, or NULL */
    rnl_place place;      /* for messages of later checks */
    char *name;           /* in a table whose choices have names; NULL: not given */
    rnl_place name_place;
} rnl_choice;

typedef struct rnl_text_list {
    size_t count;
    char **items;
    rnl_place place;
} rnl_text_list;

typedef struct rnl_number_list {
    size_t count;
    double *items;
    rnl_place place;
} rnl_number_list;

typedef struct rnl_named_number {
    char *name;
    rnl_place place; /* of the name */
    double value;
} rnl_named_number;

typedef struct rnl_number_map {
    size_t count;
    rnl_named_number *items;
    rnl_place place;
    bool word; /* the field's word replaces the numbers */
} rnl_number_map;

typedef struct rnl_named_text {
    char *name;
    rnl_place place; /* of the name */
    char *text;
} rnl_named_text;

typedef struct rnl_text_map {
    size_t count;
    rnl_named_text *items;
    rnl_place place;
} rnl_text_map;

typedef struct rnl_named_choice {
    char *name;
    rnl_place place; /* of the name */
    rnl_choice choice;
} rnl_named_choice;

typedef struct rnl_choice_map {
    size_t count;
    rnl_named_choice *items;
    rnl_place place;
} rnl_choice_map;

typedef struct rnl_choice_list {
    size_t count;
    rnl_choice *items;
    rnl_place place;
} rnl_choice_list;

/* Decodes a mapping into the struct that the fields describe; missing keys take their defaults. The
 * first mistake is RNL_BAD_CONFIG with "file:line:column: key ...: expected ..., got ...; did you
 * mean ...?".  On failure nothing is left allocated. */
rnl_status rnl_schema_decode(const rnl_field *fields, const rnl_node *mapping, void *target);

/* Frees what decoding allocated inside of the struct, not the struct itself. */
void rnl_schema_release(const rnl_field *fields, void *target);

/* Writes the struct in a fixed key order with every value, as YAML in block style or as JSON on one
 * line (both can be read again).  Numbers are written so that they read back exactly. */
rnl_status rnl_schema_print_yaml(const rnl_field *fields, const void *source, char **text);
rnl_status rnl_schema_print_json(const rnl_field *fields, const void *source, char **text);

/* RNL_BAD_CONFIG with "file:line:column: " (or "--set ...: ") before the formatted message. */
rnl_status rnl_fail_at(rnl_place place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The field that stands for a kind that has a shorthand. */
const rnl_field *rnl_kind_shorthand(const rnl_kind *kind);

/* The key under which a choice of a table with names gets its own. */
#define RNL_NAME_KEY "name"

/* Tests if the choice is the kind that a value without a name stands for. */
bool rnl_choice_is_plain(const rnl_kind_table *table, const rnl_choice *choice);

/* Finds a kind by name, alias or name of its Keras class; NULL if there is none. */
const rnl_kind *rnl_kind_find(const rnl_kind_table *table, const char *name);
const rnl_field *rnl_field_find(const rnl_field *fields, const char *key);

/* Returns the candidate nearest to the name by edit distance, or NULL if none is near. */
const char *rnl_nearest(const char *name, const char *const *candidates, size_t count);

/* Returns the nearest candidate that so many edits make of the name, or NULL. */
const char *rnl_nearest_within(size_t edits, const char *name, const char *const *candidates,
                               size_t count);

#endif
