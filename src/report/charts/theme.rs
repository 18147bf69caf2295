//! Colours by role, light and dark, and what turns a drawing into a chart that can be read by a screen reader.
//!
//! The drawing library writes literal colours, so roles are drawn in sentinel colours that nothing else uses, and
//! replaced afterwards by a class with the light colour as fallback. The hues are those of Okabe and Ito, "Color
//! Universal Design" (2008).

use std::fmt::Write as _;

use plotters::style::RGBColor;

use crate::report::untrusted::plain_line;

/// The role of a mark, which has a colour in each theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text and median ticks.
    Foreground,
    /// Captions and labels of an axis.
    Muted,
    /// Lines behind the data.
    Grid,
    /// The fill of what is not of interest, such as the layers of a base.
    Quiet,
    /// A variant, by its position in the run. Colours repeat after four; shapes do not.
    Variant(usize),
    /// A phase, by its position in the legend. Fills only, always with an outline.
    Phase(usize),
    /// What a chart usually stands on, behind text that lines would cross.
    Page,
}

/// A role with its sentinel and its colours.
struct Role {
    class: &'static str,
    sentinel: RGBColor,
    light: &'static str,
    dark: &'static str,
}

const fn role(class: &'static str, index: u8, light: &'static str, dark: &'static str) -> Role {
    Role {
        class,
        // A red of 1 and a green of 254 occur in no colour of ours.
        sentinel: RGBColor(1, 254, index),
        light,
        dark,
    }
}

const ROLES: [Role; 16] = [
    role("fg", 0, "#1f2328", "#e6edf3"),
    role("mu", 1, "#57606a", "#9da7b3"),
    role("gr", 2, "#d8dee4", "#2d333b"),
    role("qu", 3, "#c9d1d9", "#444c56"),
    role("v0", 4, "#0072b2", "#3d9bd6"),
    role("v1", 5, "#d55e00", "#e8743b"),
    role("v2", 6, "#009e73", "#2bb58c"),
    role("v3", 7, "#cc79a7", "#d88fb6"),
    role("p0", 8, "#56b4e9", "#56b4e9"),
    role("p1", 9, "#f0e442", "#d9ce3a"),
    role("p2", 10, "#e69f00", "#e69f00"),
    role("p3", 11, "#cc79a7", "#cc79a7"),
    role("p4", 12, "#ffffff", "#0d1117"),
    role("p5", 13, "#66c2a5", "#2bb58c"),
    role("p6", 14, "#e8916b", "#e8743b"),
    role("pg", 15, "#ffffff", "#0d1117"),
];

/// The number of colours for variants.
const VARIANTS: usize = 4;
/// The number of colours for phases.
const PHASES: usize = 7;

impl Ink {
    const fn role(self) -> &'static Role {
        &ROLES[match self {
            Self::Foreground => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Quiet => 3,
            Self::Variant(index) => 4 + index % VARIANTS,
            Self::Phase(index) => 4 + VARIANTS + index % PHASES,
            Self::Page => 4 + VARIANTS + PHASES,
        }]
    }

    /// The colour to draw with, replaced by [`finish`].
    pub(super) const fn sentinel(self) -> RGBColor {
        self.role().sentinel
    }
}

/// What a chart says to somebody who does not see it.
pub(super) struct Description<'a> {
    /// Unique within a page.
    pub(super) id: &'a str,
    /// The finding.
    pub(super) title: &'a str,
    /// The data in a sentence.
    pub(super) text: &'a str,
}

/// Replaces sentinels by classes, and adds style, role, title and description.
pub(super) fn finish(drawing: &str, description: &Description<'_>) -> String {
    let mut svg = drawing.to_owned();
    for role in &ROLES {
        let RGBColor(red, green, blue) = role.sentinel;
        let sentinel = format!("#{red:02X}{green:02X}{blue:02X}");
        for (attribute, prefix) in [("fill", "f"), ("stroke", "s")] {
            svg = svg.replace(
                &format!("{attribute}=\"{sentinel}\""),
                &format!("{attribute}=\"{}\" class=\"{prefix}-{}\"", role.light, role.class),
            );
        }
    }
    let Description { id, title, text } = description;
    let root = format!(
        "<svg class=\"trial\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-size=\"12\" "
    );
    let svg = svg.replacen("<svg ", &root, 1);
    let Some(end) = svg.find('>') else {
        return svg;
    };
    let (head, body) = svg.split_at(end + 1);
    format!(
        "{head}\n<title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n<style>{}</style>{body}</svg>\n",
        escape(&plain_line(title)),
        escape(&plain_line(text)),
        style()
    )
}

/// The style of every chart. It is the same in all of them, so that charts can stand in one page.
fn style() -> String {
    let mut style = String::from(
        "svg.trial{color-scheme:light dark;background:transparent}\
         svg.trial text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}",
    );
    for role in &ROLES {
        let (class, light) = (role.class, role.light);
        // Writing to a string cannot fail.
        let _ = write!(
            style,
            ".trial .f-{class}{{fill:var(--trial-{class},{light})}}.trial .s-{class}{{stroke:var(--trial-{class},{light})}}"
        );
    }
    style.push_str("@media (prefers-color-scheme:dark){svg.trial{");
    for role in &ROLES {
        let _ = write!(style, "--trial-{}:{};", role.class, role.dark);
    }
    // A dark page is printed on white paper.
    style.push_str("}}@media print{svg.trial{");
    for role in &ROLES {
        let _ = write!(style, "--trial-{}:{};", role.class, role.light);
    }
    style.push_str("}}");
    style
}

/// Escapes text for XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_own_sentinel_and_class() {
        let mut classes: Vec<&str> = ROLES.iter().map(|role| role.class).collect();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), ROLES.len());
        for (index, role) in ROLES.iter().enumerate() {
            assert_eq!(usize::from(role.sentinel.2), index, "{}", role.class);
        }
    }

    #[test]
    fn finishing_replaces_sentinels_and_describes_the_chart() {
        let drawing = "<svg width=\"1\">\n<rect fill=\"#01FE04\" stroke=\"none\"/>\n";
        let description = Description {
            id: "x",
            title: "a < b",
            text: "c & d",
        };
        let svg = finish(drawing, &description);
        assert!(
            svg.contains("<rect fill=\"#0072b2\" class=\"f-v0\" stroke=\"none\"/>"),
            "{svg}"
        );
        assert!(svg.contains("<title id=\"x-title\">a &lt; b</title>"), "{svg}");
        assert!(svg.contains("role=\"img\""), "{svg}");
        assert!(svg.ends_with("</svg>\n"), "{svg}");
    }
}
