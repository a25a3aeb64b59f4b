#include "cli/page.h"
#include "cli/messages.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    "body{font:16px/1.5 sans-serif;color:#222;background:#fff;max-width:1200px;margin:0 auto;"
    "padding:1rem}"
    "h1,h2,h3{line-height:1.2}h2{border-top:1px solid #ddd;padding-top:1rem}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:14px}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #eee;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}"
    "td.words{text-align:left;white-space:normal;min-width:16rem}"
    ".drawings{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,"
    "minmax(min(100%,480px),1fr))}"
    "figure{margin:0}svg{width:100%;height:auto}"
    "pre{overflow-x:auto;background:#f6f6f6;padding:.6rem;font-size:13px}";

static void write_escaped(FILE *page, const char *text)
{
    for (; *text; ++text)
        switch (*text) {
        case '<':
            fputs("&lt;", page);
            break;
        case '>':
            fputs("&gt;", page);
            break;
        case '&':
            fputs("&amp;", page);
            break;
        case '"':
            fputs("&quot;", page);
            break;
        default:
            fputc(*text, page);
        }
}

static void write_formatted(FILE *page, const char *format, va_list values)
{
    char *text = NULL;
    if (vasprintf(&text, format, values) >= 0)
        write_escaped(page, text);
    free(text);
}

void rnl_page_begin(FILE *page, const char *title)
{
    fprintf(page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<title>");
    write_escaped(page, title);
    fprintf(page, "</title>\n<style>%s</style></head>\n<body>\n", style);
    rnl_page_heading(page, 1, title);
}

void rnl_page_end(FILE *page)
{
    fputs("</body></html>\n", page);
}

void rnl_page_heading(FILE *page, int level, const char *text)
{
    fprintf(page, "<h%d>", level);
    write_escaped(page, text);
    fprintf(page, "</h%d>\n", level);
}

void rnl_page_text(FILE *page, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("<p>", page);
    write_formatted(page, format, values);
    fputs("</p>\n", page);
    va_end(values);
}

void rnl_page_fold(FILE *page, const char *title, const char *text)
{
    fputs("<details><summary>", page);
    write_escaped(page, title);
    fputs("</summary><pre>", page);
    write_escaped(page, text);
    fputs("</pre></details>\n", page);
}

/* ---- tables ---------------------------------------------------------------------------------- */

void rnl_page_table_begin(FILE *page)
{
    fputs("<div class=\"scroll\"><table>\n", page);
}

void rnl_page_row(FILE *page)
{
    fputs("<tr>", page);
}

void rnl_page_cell(FILE *page, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("<td>", page);
    write_formatted(page, format, values);
    va_end(values);
}

void rnl_page_words(FILE *page, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("<td class=\"words\">", page);
    write_formatted(page, format, values);
    va_end(values);
}

void rnl_page_table_end(FILE *page)
{
    fputs("</table></div>\n", page);
}

/* ---- drawings -------------------------------------------------------------------------------- */

void rnl_page_drawings_begin(FILE *page)
{
    fputs("<div class=\"drawings\">\n", page);
}

void rnl_page_drawings_end(FILE *page)
{
    fputs("</div>\n", page);
}

/* The element alone, without what gnuplot has before it and the title that it gives. */
static bool embed(FILE *page, const char *svg)
{
    static const char title[] = "<title>Gnuplot</title>";
    const char *element = strstr(svg, "<svg");
    if (!element) {
        rnl_complain("gnuplot drew nothing");
        return false;
    }
    const char *named = strstr(element, title);
    fputs("<figure>", page);
    fwrite(element, 1, named ? (size_t)(named - element) : strlen(element), page);
    if (named)
        fputs(named + sizeof title - 1, page);
    fputs("</figure>\n", page);
    return true;
}

typedef bool draw_function(const void *plot, FILE *output);

static bool draw_plot(const void *plot, FILE *output)
{
    return rnl_plot_draw(plot, output);
}

static bool draw_dots(const void *plot, FILE *output)
{
    return rnl_dot_plot_draw(plot, output);
}

static bool draw(FILE *page, draw_function *function, const void *plot)
{
    char *svg = NULL;
    size_t size;
    FILE *output = open_memstream(&svg, &size);
    if (!output) {
        rnl_complain_memory();
        return false;
    }
    bool drawn = function(plot, output);
    drawn &= fclose(output) == 0 && embed(page, svg);
    free(svg);
    return drawn;
}

bool rnl_page_plot(FILE *page, const rnl_plot *plot)
{
    return draw(page, draw_plot, plot);
}

bool rnl_page_dots(FILE *page, const rnl_dot_plot *dots)
{
    return draw(page, draw_dots, dots);
}
