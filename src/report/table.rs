//! The tables on the terminal: builds, images, starts.
//!
//! Variants stand below each other, so that what is to be compared shares a column.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle,
    Table, TableStyle,
};

use super::overview::{Overview, Scale, StartTable};
use super::paragraph::paragraph;
use super::quantity::Shown;
use super::untrusted::plain_line;
use crate::analyze::Analysis;
use crate::results::Run;

/// What the terminal allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns; a pipe counts as 80.
    pub columns: u16,
    /// Whether colour and weight may be used. They only repeat what words say.
    pub styled: bool,
}

impl Terminal {
    /// A pipe or a file.
    pub const PIPE: Self = Self {
        columns: 80,
        styled: false,
    };
}

const LIGHT: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none())
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none());

/// The tables with notes on what their numbers are, ending in a line feed.
#[must_use]
pub fn tables(run: &Run, analysis: &Analysis, terminal: Terminal) -> String {
    let overview = Overview::of(run, analysis);
    let mut text = String::new();
    let tables = [
        commits(&overview, terminal),
        builds(&overview, terminal),
        caches(&overview, terminal),
        images(&overview, terminal),
    ];
    let of_starts = overview.starts.iter().map(|table| starts(table, terminal));
    let of_bursts = bursts(&overview, terminal);
    let tables = tables.into_iter().chain(of_starts).chain(of_bursts);
    for table in tables.chain(overview.scale.as_ref().map(|told| scale(told, terminal))) {
        if table.row_count() == 0 {
            continue;
        }
        for line in table.lines() {
            text.push_str(line.replace(KEEP, " ").trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    for note in &overview.notes {
        text.push_str(&paragraph(note, "  ", terminal));
        text.push('\n');
    }
    text
}

/// Stands for a space within a value, where a line must not be broken.
const KEEP: &str = "\u{a0}";

fn builds(overview: &Overview, terminal: Terminal) -> Table {
    let columns = ["build step", "variant", "time", "ratio", "rebuilt", "sent"];
    let mut table = table(terminal, &columns);
    for row in &overview.builds {
        let step = if row.first { row.step.as_str() } else { "" };
        table.add_row(vec![
            name(step),
            name(&row.variant),
            value(&row.time, terminal),
            number(&row.ratio),
            number(&row.rebuilt),
            number(&row.sent),
        ]);
    }
    keep_values(&mut table, 2);
    table
}

/// What the commits of a replay cost; quartiles and the span of the total have no room here.
fn commits(overview: &Overview, terminal: Terminal) -> Table {
    let columns = [
        "variant",
        "free",
        "per commit",
        "lowest, highest",
        "total",
        "ratio",
    ];
    let mut table = table(terminal, &columns);
    for row in &overview.commits {
        table.add_row(vec![
            name(&row.variant),
            number(&format!("{} of {}", row.free, row.commits)),
            value(&row.per_commit, terminal),
            number(&row.range),
            number(&row.total.value),
            number(&row.ratio),
        ]);
    }
    keep_values(&mut table, 1);
    table
}

/// What builds read from remote caches and stored in them.
fn caches(overview: &Overview, terminal: Terminal) -> Table {
    let columns = [
        "remote cache",
        "variant",
        "imported",
        "import",
        "exported",
        "export",
    ];
    let mut table = table(terminal, &columns);
    for row in &overview.caches {
        table.add_row(vec![
            name(&row.step),
            name(&row.variant),
            number(&row.imported),
            number(&row.import_time.value),
            number(&row.exported),
            number(&row.export_time.value),
        ]);
    }
    keep_values(&mut table, 2);
    table
}

fn images(overview: &Overview, terminal: Terminal) -> Table {
    let mut table = table(terminal, &["variant", "context", "files", "image", "layers"]);
    for row in &overview.images {
        table.add_row(vec![
            name(&row.variant),
            number(&row.context),
            number(&row.files),
            number(&row.image),
            number(&row.layers),
        ]);
    }
    keep_values(&mut table, 1);
    table
}

fn starts(told: &StartTable, terminal: Terminal) -> Table {
    let [first, second] = &told.metrics;
    let mut table = table(terminal, &["variant", first, "ratio", second, "ratio"]);
    for row in &told.rows {
        let mut cells = vec![name(&row.variant)];
        for (shown, ratio) in &row.cells {
            cells.extend([value(shown, terminal), number(ratio)]);
        }
        table.add_row(cells);
    }
    keep_values(&mut table, 1);
    table
}

/// What bursts took, and what they used.
fn bursts(overview: &Overview, terminal: Terminal) -> [Table; 2] {
    let mut times = table(terminal, &["burst", "variant", "first", "half", "all", "ratio"]);
    let columns = ["burst", "variant", "memory", "of one", "disk", "of one"];
    let mut sizes = table(terminal, &columns);
    for row in &overview.bursts {
        let containers = if row.first {
            row.containers.to_string()
        } else {
            String::new()
        };
        let [first, half, all] = &row.times;
        times.add_row(vec![
            number(&containers),
            name(&row.variant),
            number(&first.value),
            number(&half.value),
            value(all, terminal),
            number(&row.ratio),
        ]);
        let mut cells = vec![number(&containers), name(&row.variant)];
        cells.extend(row.sizes.iter().map(|size| number(size)));
        sizes.add_row(cells);
    }
    keep_values(&mut times, 2);
    keep_values(&mut sizes, 2);
    [times, sizes]
}

/// What each image weighs and how fast it starts.
fn scale(told: &Scale, terminal: Terminal) -> Table {
    let columns = ["variant", "packed", "on disk", "layers", &told.metric, "n"];
    let mut table = table(terminal, &columns);
    for row in &told.rows {
        table.add_row(vec![
            name(&row.variant),
            number(&row.packed),
            number(&row.image),
            number(&row.layers),
            value(&row.start, terminal),
            number(&row.n),
        ]);
    }
    keep_values(&mut table, 1);
    table
}

fn table(terminal: Terminal, columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(LIGHT);
    table.set_width(terminal.columns);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if terminal.styled {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(columns.iter().map(|name| {
        let cell = Cell::new(name);
        if terminal.styled {
            cell.add_attribute(Attribute::Bold)
        } else {
            cell
        }
    }));
    table
}

/// Keeps every column as wide as its values, but for the first `names`, which are wrapped where room is short.
fn keep_values(table: &mut Table, names: usize) {
    for column in table.column_iter_mut().skip(names) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn name(text: &str) -> Cell {
    Cell::new(plain_line(text))
}

/// A number; one that differs between repeats is broken into lines, so that it does not take the room of names.
fn number(text: &str) -> Cell {
    let text = match text.split_once(": ") {
        Some((word, values)) => format!("{word}\n{}", values.replace(" to ", " to\n")),
        None => text.to_owned(),
    };
    Cell::new(text.replace(' ', KEEP)).set_alignment(CellAlignment::Right)
}

/// A value, and below it what was lost, which is coloured as well as named.
fn value(shown: &Shown, terminal: Terminal) -> Cell {
    let mut text = shown.line().replace(' ', KEEP);
    let Some(lost) = &shown.lost else {
        return Cell::new(text);
    };
    text.push('\n');
    text.push_str(lost);
    if terminal.styled {
        Cell::new(text).fg(Color::Yellow)
    } else {
        Cell::new(text)
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::analyze::specimen::{Specimen, layer_order, quick_start, remote_cache};

    fn shown(specimen: &Specimen, terminal: Terminal) -> String {
        let run = specimen.run();
        tables(&run, &Analysis::of(&run), terminal)
    }

    #[test]
    fn what_a_remote_cache_moved_has_a_table_of_its_own() {
        let specimen = remote_cache();
        assert_snapshot!(shown(&specimen, Terminal::PIPE), @"
         build step   variant   time            ratio   rebuilt   sent
        ───────────────────────────────────────────────────────────────────
         push         a         2.00 s (2.00)                 2   4.00 KiB
         laptop       a         100 ms (100)                  2   4.00 KiB
         pull         a         500 ms (500)                  2   4.00 KiB

         remote cache   variant   imported   import    exported             export
        ───────────────────────────────────────────────────────────────────────────
         push           a                –         –   4 layers, 1.00 MiB   301 ms
         pull           a         3 layers   20.0 ms                    –        –

         variant   context    files   image      layers
        ────────────────────────────────────────────────
         a         1.00 MiB      20   45.0 MiB        3

        time: median (smallest to largest sample)
        imported: layers read; exported: layers then held; bytes where told; medians
        ");
    }

    fn many_variants() -> Specimen {
        let names = [
            "slim",
            "full",
            "alpine",
            "distroless",
            "a-variant-with-a-rather-long-name",
        ];
        let mut specimen = Specimen::new(&names, &["cold", "edit source"]);
        for round in 0..6 {
            for (index, name) in names.iter().enumerate() {
                for step in ["cold", "edit source"] {
                    specimen.build(name, step, 1_000 * (index as u64 + 1) + round * 10);
                }
            }
        }
        specimen
    }

    #[test]
    fn two_variants_stand_below_each_other_with_their_ratio() {
        assert_snapshot!(shown(&quick_start(), Terminal::PIPE), @r#"
 build step          variant   time                 ratio   rebuilt   sent
───────────────────────────────────────────────────────────────────────────────
 cold                naive     3.16 s (3.12–3.20)       1         2   1.00 MiB
                     ordered   3.18 s (3.14–3.22)       ~         2   1.00 MiB
 unchanged           naive     244 ms (241–248)         1         0        0 B
                     ordered   255 ms (251–258)     1.04×         0        0 B
 edit source         naive     2.96 s (2.92–3.00)       1         2   1.00 MiB
                     ordered   571 ms (563–578)     0.19×         1   2.00 KiB
 edit ignored file   naive     265 ms (261–268)         1         0        0 B
                     ordered   260 ms (256–263)         ~         0        0 B

 variant   context    files   image      layers
────────────────────────────────────────────────
 naive     1.00 MiB      20   45.0 MiB        3
 ordered   1.00 MiB      20   45.0 MiB        3

 variant   start.ready        ratio   start.client       ratio
───────────────────────────────────────────────────────────────
 naive     215 ms (213–218)       1   215 ms (213–219)       1
 ordered   214 ms (212–217)       ~   214 ms (212–218)       ~

time: median (95 % interval; below six samples, smallest to largest)
ratio: how many times the baseline, naive; ~ where no difference can be told
known to: start.ready 1.00 ms, start.client 1.00 ms
known to: the width in which a start lies; less than twice is never claimed
"#);
    }

    #[test]
    fn what_was_lost_is_named_below_its_value() {
        assert_snapshot!(shown(&layer_order(), Terminal::PIPE), @r#"
 build step      variant       time                 ratio    rebuilt   sent
────────────────────────────────────────────────────────────────────────────────
 cold            naive         31.5 s (31.1–31.9)        1         2   1.00 MiB
                 ordered       31.9 s (31.5–32.3)        ~         2   1.00 MiB
                 cache-mount   32.4 s (32.0–32.9)    1.03×         2   1.00 MiB
 unchanged       naive         426 ms (421–432)          1         0        0 B
                 ordered       420 ms (416–427)          ~         0        0 B
                 cache-mount   424 ms (419–430)          ~         0        0 B
 edit source     naive         27.9 s (27.6–28.3)        1         2   1.00 MiB
                 ordered       1.34 s (1.32–1.36)   0.048×         1   2.00 KiB
                               1 invalid
                 cache-mount   1.35 s (1.33–1.37)   0.048×         1   2.00 KiB
 edit            naive         28.6 s (28.3–29.0)        1         2   1.00 MiB
 requirements                  1 failed
                 ordered       28.4 s (28.1–28.8)        ~         2   1.00 MiB
                 cache-mount   9.34 s (9.23–9.48)    0.33×         2   1.00 MiB
 touch only      naive         436 ms (431–442)          1         0        0 B
                 ordered       431 ms (426–437)          ~         0        0 B
                 cache-mount   427 ms (422–433)      0.98×         0        0 B

 variant       context    files   image     layers
───────────────────────────────────────────────────
 naive         1.00 MiB      20   198 MiB        4
 ordered       1.00 MiB      20   198 MiB        4
 cache-mount   1.00 MiB      20   189 MiB        4

 variant       start.ready        ratio   start.client       ratio
───────────────────────────────────────────────────────────────────
 naive         826 ms (820–834)       1   826 ms (820–834)       1
 ordered       822 ms (814–831)       ~   823 ms (815–831)       ~
               1 failed                   1 failed
 cache-mount   773 ms (768–780)   0.94×   773 ms (768–781)   0.94×

time: median (95 % interval)
ratio: how many times the baseline, naive; ~ where no difference can be told
known to: start.ready 1.00 ms, start.client 1.00 ms
known to: the width in which a start lies; less than twice is never claimed
failed and invalid samples are not in any number; the report says why
"#);
    }

    #[test]
    fn long_names_are_wrapped() {
        assert_snapshot!(shown(&many_variants(), Terminal::PIPE), @r#"
 build step    variant          time                 ratio   rebuilt   sent
────────────────────────────────────────────────────────────────────────────────
 cold          slim             1.02 s (1.00–1.05)       1         2   4.00 KiB
               full             2.02 s (2.00–2.05)   1.98×         2   4.00 KiB
               alpine           3.02 s (3.00–3.05)   2.95×         2   4.00 KiB
               distroless       4.03 s (4.00–4.05)   3.93×         2   4.00 KiB
               a-variant-with   5.03 s (5.00–5.05)   4.90×         2   4.00 KiB
               -a-rather-long
               -name
 edit source   slim             1.02 s (1.00–1.05)       1         2   4.00 KiB
               full             2.02 s (2.00–2.05)   1.98×         2   4.00 KiB
               alpine           3.02 s (3.00–3.05)   2.95×         2   4.00 KiB
               distroless       4.03 s (4.00–4.05)   3.93×         2   4.00 KiB
               a-variant-with   5.03 s (5.00–5.05)   4.90×         2   4.00 KiB
               -a-rather-long
               -name

 variant                             context    files   image      layers
──────────────────────────────────────────────────────────────────────────
 slim                                1.00 MiB      20   45.0 MiB        3
 full                                1.00 MiB      20   45.0 MiB        3
 alpine                              1.00 MiB      20   45.0 MiB        3
 distroless                          1.00 MiB      20   45.0 MiB        3
 a-variant-with-a-rather-long-name   1.00 MiB      20   45.0 MiB        3

time: median (95 % interval)
ratio: how many times the baseline, slim; ~ where no difference can be told
"#);
    }

    #[test]
    fn every_line_fits_a_pipe() {
        for specimen in [quick_start(), layer_order(), many_variants()] {
            for line in shown(&specimen, Terminal::PIPE).lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn styles_appear_only_where_the_terminal_allows_them() {
        let styled = Terminal {
            columns: 80,
            styled: true,
        };
        assert!(shown(&layer_order(), styled).contains('\u{1b}'));
        assert!(!shown(&layer_order(), Terminal::PIPE).contains('\u{1b}'));
    }
}
