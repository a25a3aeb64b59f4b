#include "engine/schema/field_types.h"

const rnl_field_operations *const rnl_field_types[] = {
    [RNL_FIELD_INTEGER] = &rnl_integer_field,
    [RNL_FIELD_NUMBER] = &rnl_number_field,
    [RNL_FIELD_BOOLEAN] = &rnl_boolean_field,
    [RNL_FIELD_TEXT] = &rnl_text_field,
    [RNL_FIELD_TEXT_LIST] = &rnl_text_list_field,
    [RNL_FIELD_NUMBER_LIST] = &rnl_number_list_field,
    [RNL_FIELD_NUMBER_MAP] = &rnl_number_map_field,
    [RNL_FIELD_TEXT_MAP] = &rnl_text_map_field,
    [RNL_FIELD_KIND] = &rnl_kind_field,
    [RNL_FIELD_KIND_LIST] = &rnl_kind_list_field,
    [RNL_FIELD_KIND_MAP] = &rnl_kind_map_field,
    [RNL_FIELD_FORMULA] = &rnl_formula_field,
    [RNL_FIELD_SECTION] = &rnl_section_field,
};
