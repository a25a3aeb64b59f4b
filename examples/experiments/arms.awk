# Reads a file of arms.
#
#     title TEXT                       of the section
#     config FILE                      beside this file
#     probe NAME                       what is measured of each run beyond its figures
#     set KEY=VALUE                    of all arms; VALUE in it is what is tuned
#     first KEY=VALUE [| KEY=VALUE]... an earlier training of each seed, whose model is called MODEL
#     tune VALUE...                    what is tried; of one value none is
#     target NUMBER                    accuracy on the validation rows, for the column `reached`
#     column HEADING | FIGURE | FACTOR | FORMAT
#     plot KIND | FIGURE | FACTOR | LABEL | LABEL OF X | SCALE | KEY      table.awk tells the kinds
#     arm LABEL [| KEY=VALUE]... [| tune VALUE...] [| seeds N]   series@x for lines; no more than N seeds
#
# mode: title, config, probe, plots (their number), list (arm, most seeds or _, values, between tabs) or options (of the arm
# `wanted`, with `value`).  An arm is called by its label in file names: letters, digits, and -.
function print_set(text) {
    gsub(/VALUE/, value, text)
    print "--set"
    print text
}
/^(#|$)/ { next }
{ word = $1; rest = trim(substr($0, length($1) + 1)) }
word == "title" || word == "config" || word == "probe" { said[word] = rest }
word == "tune" { tune = rest }
word == "set" { sets[++set_count] = rest }
word == "plot" { ++plots }
word == "first" && mode == "options" && wanted == "first" {
    count = split(rest, parts, " [|] ")
    for (i = 1; i <= count; ++i) print_set(trim(parts[i]))
}
word == "arm" {
    count = split(rest, parts, " [|] ")
    name = name_of(trim(parts[1]))
    values = tune
    seeds = ""
    for (i = 2; i <= count; ++i)
        if (parts[i] ~ /^ *tune /) { values = trim(parts[i]); sub(/^tune /, "", values); parts[i] = "" }
        else if (parts[i] ~ /^ *seeds /) { seeds = trim(parts[i]); sub(/^seeds /, "", seeds); parts[i] = "" }
    if (mode == "list") print name "\t" (seeds == "" ? "_" : seeds) "\t" values
    if (mode == "options" && name == wanted) {
        for (i = 1; i <= set_count; ++i) print_set(sets[i])
        for (i = 2; i <= count; ++i) if (parts[i] != "") print_set(trim(parts[i]))
    }
}
END {
    if (mode == "plots") print plots + 0
    else if (mode == "probe") print "probe" in said ? said["probe"] : "none"
    else if (mode in said) print said[mode]
}
