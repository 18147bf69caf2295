//! How builders name what they work on: `BuildKit` a vertex, `[builder 2/5] RUN pip install -r x`, and the classic
//! builder a step, `Step 3/7 : RUN pip install -r x`.

/// A vertex name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexName<'name> {
    /// What stands in the brackets, such as `builder 2/5` or `internal`, or the numbers of a step, such as `3/7`;
    /// `None` without either.
    pub position: Option<&'name str>,
    /// What follows: the instruction as the builder shows it.
    pub instruction: &'name str,
    /// The number of a step, from 1: its place among all instructions of the file.
    pub step: Option<usize>,
}

impl<'name> VertexName<'name> {
    /// Takes `name` apart.
    #[must_use]
    pub fn split(name: &'name str) -> Self {
        let whole = Self {
            position: None,
            instruction: name,
            step: None,
        };
        if let Some((position, instruction)) =
            name.strip_prefix("Step ").and_then(|rest| rest.split_once(" : "))
            && let Some((number, total)) = position.split_once('/')
            && total.parse::<usize>().is_ok()
            && let Ok(number) = number.parse()
        {
            return Self {
                position: Some(position),
                instruction,
                step: Some(number),
            };
        }
        // The brackets of a JSON array behind a keyword are not at the start.
        let Some(rest) = name.strip_prefix('[') else {
            return whole;
        };
        match rest.split_once(']') {
            Some((position, instruction)) => Self {
                position: Some(position.trim()),
                instruction: instruction.trim_start(),
                step: None,
            },
            None => whole,
        }
    }

    /// Where in the Dockerfile it stands; `None` for an internal vertex such as `[internal] load build context`.
    #[must_use]
    pub fn place(&self) -> Option<VertexPosition<'name>> {
        let position = self.position.filter(|_| self.step.is_none())?;
        // The number is padded to the width of the total: `[ 2/10]`, `[builder  2/10]`.
        let (label, number) = match position.rsplit_once(' ') {
            Some((label, number)) => (Some(label.trim()), number),
            None => (None, position),
        };
        let (number, total) = number.split_once('/')?;
        // With several platforms, the platform stands before the stage.
        let label = label.map(|label| label.rsplit(' ').next().unwrap_or(label));
        Some(VertexPosition {
            stage: label.filter(|label| !label.contains('/')),
            number: number.parse().ok()?,
            total: total.parse().ok()?,
        })
    }
}

/// The place of a vertex among the numbered instructions of its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VertexPosition<'name> {
    /// The stage's name, or `stage-` and its index; absent where the only stage has no name.
    pub stage: Option<&'name str>,
    /// The number within the stage, from 1.
    pub number: usize,
    /// How many the stage has.
    pub total: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_positions_from_instructions() {
        for (name, position, instruction) in [
            ("[2/4] COPY . .", Some("2/4"), "COPY . ."),
            ("[ 2/10] RUN true", Some("2/10"), "RUN true"),
            ("[builder  2/10] RUN true", Some("builder  2/10"), "RUN true"),
            (
                "[internal] load build context",
                Some("internal"),
                "load build context",
            ),
            ("exporting to image", None, "exporting to image"),
            ("RUN [\"true\"]", None, "RUN [\"true\"]"),
            ("[unclosed", None, "[unclosed"),
            ("Step 3/7 : RUN echo : x", Some("3/7"), "RUN echo : x"),
            ("Step x/7 : RUN true", None, "Step x/7 : RUN true"),
        ] {
            let split = VertexName::split(name);
            assert_eq!(split.position, position, "{name}");
            assert_eq!(split.instruction, instruction, "{name}");
        }
    }

    #[test]
    fn reads_stage_number_and_total() {
        for (name, expected) in [
            ("[2/4] COPY . .", Some((None, 2, 4))),
            ("[ 2/10] RUN true", Some((None, 2, 10))),
            ("[builder  2/10] RUN true", Some((Some("builder"), 2, 10))),
            ("[stage-1 3/3] WORKDIR /app", Some((Some("stage-1"), 3, 3))),
            ("[linux/arm64 builder 1/2] FROM x", Some((Some("builder"), 1, 2))),
            ("[linux/arm64 1/2] FROM x", Some((None, 1, 2))),
            ("[internal] load build context", None),
            ("[auth] library/python:pull token for registry-1.docker.io", None),
        ] {
            let place = VertexName::split(name)
                .place()
                .map(|place| (place.stage, place.number, place.total));
            assert_eq!(place, expected, "{name}");
        }
    }
}
