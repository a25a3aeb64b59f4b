# Functions of arms.awk and table.awk: the file name of a label, a text without its outer blanks.
function name_of(label) {
    gsub(/[^A-Za-z0-9.@]+/, "-", label)
    return label
}
function trim(text) {
    sub(/^[ \t]+/, "", text)
    sub(/[ \t]+$/, "", text)
    return text
}
