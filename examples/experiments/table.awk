# Reads a file of arms and the lines of its trials; prints the table and writes the plots' script.
# arms.awk has the form of the file.
#
# Kinds of plots: dots (an arm a line, mean and standard deviation; its range), lines (arms called series@x, over
# x), curves (FIGURE_curve, mean over the seeds, over the epochs), layers (gradient norms over layers).
function figure(trial, name,    at) {
    at = match(" " trial, " " name "=[^ ]*")
    return at ? substr(trial, RSTART + length(name) + 1, RLENGTH - length(name) - 2) : ""
}
# Mean and deviation over the trials of an arm that have the figure.
function measure(arm, name, factor,    s, x, sum, squares) {
    n = sum = squares = 0
    for (s = 1; s <= trials[arm]; ++s) {
        x = figure(trial[arm, s], name)
        if (x == "") continue
        ++n; x *= factor; sum += x; squares += x * x
    }
    mean = n ? sum / n : 0
    deviation = n > 1 ? sqrt(max(0, squares - sum * sum / n) / (n - 1)) : 0
    return n
}
function max(a, b) { return a > b ? a : b }
# The epoch of the first curve's point at the target, the median over the seeds.
function reached(arm,    s, points, count, i, epoch, times) {
    for (s = 1; s <= trials[arm]; ++s) {
        count = split(figure(trial[arm, s], "val_accuracy_curve"), points, ",")
        epoch = 1e9
        for (i = count; i >= 1; --i) if (points[i] + 0 >= target) epoch = i
        times[s] = epoch
    }
    for (s = 2; s <= trials[arm]; ++s)
        for (i = s; i > 1 && times[i] < times[i - 1]; --i) {
            epoch = times[i]; times[i] = times[i - 1]; times[i - 1] = epoch
        }
    epoch = times[int((trials[arm] + 1) / 2)]
    return epoch < 1e9 ? epoch : "never"
}
function cell(arm, i,    text) {
    if (field[i] == "value") return value[arm] == "_" ? "" : value[arm]
    if (field[i] == "reached") return reached(arm)
    if (!measure(arm, field[i], factor[i])) return "-"
    if (format[i] !~ /%/) return sprintf("%.2f", mean)
    text = sprintf(format[i], mean)
    return n > 1 ? text " ± " sprintf(format[i], deviation) : text
}
function quoted(text) {
    gsub(/'/, "''", text)
    return "'" text "'"
}
function series_of(label) { return index(label, "@") ? trim(substr(label, 1, index(label, "@") - 1)) : label }
function x_of(label) { return substr(label, index(label, "@") + 1) + 0 }
function draw_dots(    i) {
    print "$data" ++blocks " << END" > script
    for (i = 1; i <= arm_count; ++i)
        if (measure(arms[i], plot_field, plot_factor)) print mean " " (arm_count - i + 1) " " deviation > script
    print "END\nset yrange [0.4:" arm_count + 0.6 "]; set key off; set ylabel ''" > script
    printf "set ytics (" > script
    for (i = 1; i <= arm_count; ++i)
        printf("%s%s %d", i > 1 ? ", " : "", quoted(labels[i]), arm_count - i + 1) > script
    print ")\nset xlabel " quoted(plot_label) "; set xrange [" plot_scale "]" > script
    print "plot $data" blocks " using 1:2:3 with xerrorbars lt 1 pt 7 ps 0.7" > script
}
function draw_lines(    i, j, series, count, list, text) {
    for (i = 1; i <= arm_count; ++i) {
        series = series_of(labels[i])
        if (!(series in list)) { list[series] = 1; names[++count] = series }
    }
    for (j = 1; j <= count; ++j) {
        print "$data" (++blocks) " << END" > script
        for (i = 1; i <= arm_count; ++i)
            if (series_of(labels[i]) == names[j] && measure(arms[i], plot_field, plot_factor))
                print x_of(labels[i]) " " mean " " deviation > script
        print "END" > script
        text = text (j > 1 ? ", " : "") "$data" blocks " using 1:2:3 with yerrorlines lt " j \
            " pt 7 ps 0.6 lw 1.5 title " quoted(names[j])
    }
    print "set xlabel " quoted(plot_x) "; set ylabel " quoted(plot_label) > script
    if (plot_x ~ /rate/ || plot_scale == "log") print "set logscale x" > script
    print "plot " text > script
}
function draw_curves(    i, s, k, points, count, sum, seen, text, longest) {
    for (i = 1; i <= arm_count; ++i) {
        longest = 0
        split("", sum); split("", seen)
        for (s = 1; s <= trials[arms[i]]; ++s) {
            count = split(figure(trial[arms[i], s], plot_field), points, ",")
            if (count > longest) longest = count
            for (k = 1; k <= count; ++k) { sum[k] += points[k] * plot_factor; ++seen[k] }
        }
        print "$data" (++blocks) " << END" > script
        for (k = 1; k <= longest; ++k) print k " " (sum[k] / seen[k]) > script
        print "END" > script
        text = text (i > 1 ? ", " : "") "$data" blocks " using 1:2 with lines lw 1.5 lt " i \
            " title " quoted(labels[i])
    }
    print "set xlabel " quoted(plot_x) "; set ylabel " quoted(plot_label) > script
    print "plot " text > script
}
# Geometric means; an arm called as the plot's last part says.
function draw_layers(    i, s, k, points, count, sum, seen, text) {
    for (i = 1; i <= arm_count; ++i) {
        if (plot_scale != "" && x_of(labels[i]) != plot_scale) continue
        split("", sum); split("", seen)
        for (s = 1; s <= trials[arms[i]]; ++s) {
            count = split(figure(trial[arms[i], s], "gradients"), points, ",")
            for (k = 1; k <= count; ++k) if (points[k] > 0) { sum[k] += log(points[k]); ++seen[k] }
        }
        print "$data" (++blocks) " << END" > script
        for (k = 1; k in seen || k <= 50; ++k) if (k in seen) print k " " exp(sum[k] / seen[k]) > script
        print "END" > script
        text = text (text != "" ? ", " : "") "$data" blocks " using 1:2 with lines lw 1.5 lt " ++colour \
            " title " quoted(series_of(labels[i]))
    }
    print "set xlabel " quoted(plot_x) "; set ylabel " quoted(plot_label) "; set logscale y; set format y '10^{%L}'" > script
    print "plot " text > script
}
function draw(    i, parts, height, layout) {
    script = plot ".gp"
    height = has_dots ? max(360, 90 + 20 * arm_count) : 360
    layout = "1," plot_count
    for (i = 1; i <= arm_count; ++i)
        if (has_dots && plot_count > 1 && length(labels[i]) > 20) layout = plot_count ",1"
    if (layout != "1," plot_count) height = plot_count * max(270, 90 + 20 * arm_count)
    split("#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9 #000000 #7e2f8e #8c564b #7f7f7f", parts, " ")
    print "set terminal svg size 900," height " font 'sans-serif,13' background '#ffffff'" > script
    for (i = 1; i <= 10; ++i) print "set linetype " i " linecolor rgb '" parts[i] "'" > script
    print "set linetype cycle 10\nset multiplot layout " layout > script
    for (i = 1; i <= plot_count; ++i) {
        split("", parts)
        split(plots[i], parts, "|")
        plot_field = trim(parts[2]); plot_factor = parts[3] + 0; plot_label = trim(parts[4])
        plot_x = trim(parts[5]); plot_scale = trim(parts[6])
        print "set autoscale; unset logscale; set format; set ytics auto; set grid lc rgb '#dddddd'; set key default; set key " \
            (trim(parts[7]) != "" ? trim(parts[7]) : "on") > script
        if (trim(parts[1]) == "dots") draw_dots()
        if (trim(parts[1]) == "lines") draw_lines()
        if (trim(parts[1]) == "curves") draw_curves()
        if (trim(parts[1]) == "layers") draw_layers()
    }
    print "unset multiplot" > script
}
FNR == NR {
    word = $1
    rest = trim(substr($0, length($1) + 1))
    if (word == "column") {
        ++columns
        split(rest, parts, " [|] ")
        heading[columns] = trim(parts[1]); field[columns] = trim(parts[2])
        factor[columns] = parts[3] + 0; format[columns] = trim(parts[4])
    }
    if (word == "target") target = rest
    if (word == "tune") tune = rest
    if (word == "plot") { plots[++plot_count] = rest; if (rest ~ /^dots/) has_dots = 1 }
    if (word == "arm") {
        split(rest, parts, " [|] ")
        labels[++arm_count] = trim(parts[1])
        arms[arm_count] = name_of(labels[arm_count])
        tried[arm_count] = tune
        for (i in parts) if (parts[i] ~ /^ *tune /) { tried[arm_count] = trim(parts[i]); sub(/^tune /, "", tried[arm_count]) }
    }
    next
}
{
    split($0, parts, "\t")
    value[parts[1]] = parts[2]
    trial[parts[1], ++trials[parts[1]]] = parts[4]
    if (parts[4] ~ /diverged/) { ++diverged[parts[1]]; any = 1 }
}
# What the figures are of: the seeds, and what was tuned.
function explain(    i, count, text, same) {
    text = "Mean ± standard deviation of " seeds " seeds"
    for (i = 1; i <= arm_count; ++i) {
        count = split(tried[i], parts, " ")
        if (count > most) most = count
        if (tried[i] != tried[1]) same = "no"
    }
    if (most > 1) {
        text = text ". Tuned: the best of " most
        if (same == "") { gsub(/ /, ", ", tried[1]); text = text " (" tried[1] ")" }
        text = text " by the accuracy on the validation rows of one other seed"
    }
    print text ".\n"
}
END {
    explain()
    printf "|"
    for (i = 1; i <= columns; ++i) printf " | %s", heading[i]
    print (any ? " | diverged" : "") " |"
    printf "|---"
    for (i = 1; i <= columns; ++i) printf "|---"
    print (any ? "|---" : "") "|"
    for (a = 1; a <= arm_count; ++a) {
        text = labels[a]
        sub(/ *@ */, ", ", text)
        printf "| %s", text
        for (i = 1; i <= columns; ++i) printf " | %s", cell(arms[a], i)
        print (any ? " | " (diverged[arms[a]] + 0) " of " trials[arms[a]] : "") " |"
    }
    if (plot_count) draw()
}
