//! Finding the instruction that a vertex of a build stands for.

use super::instruction::fold;
use super::{Dockerfile, Instruction, Keyword, Stage, VertexName, VertexPosition};

impl Dockerfile {
    /// The instruction that a builder calls `vertex_name`.
    ///
    /// The classic builder numbers every instruction of the file in order.
    ///
    /// The position in brackets decides, where its keyword agrees; it survives the expansion of variables in the
    /// text. Where it does not lead to one, as behind a base with ONBUILD triggers, which are numbered too, an
    /// instruction with the same text is taken, if only one has it.
    #[must_use]
    pub fn locate(&self, vertex_name: &str) -> Option<&Instruction> {
        let name = VertexName::split(vertex_name);
        let text = fold(name.instruction);
        let keyword = text.split(' ').next().and_then(Keyword::from_word)?;
        if let Some(number) = name.step {
            return self
                .global_args
                .iter()
                .chain(self.instructions())
                .nth(number.checked_sub(1)?)
                .filter(|instruction| instruction.keyword == keyword);
        }
        let place = name.place();
        let stage = place.and_then(|place| self.stage_of(place));
        if let (Some(place), Some(stage)) = (place, stage)
            && let Some(instruction) = numbered(stage, place)
            && instruction.keyword == keyword
        {
            return Some(instruction);
        }
        let mut same = match stage {
            Some(stage) => stage.instructions.iter().collect::<Vec<_>>(),
            None => self.instructions().collect(),
        };
        same.retain(|instruction| instruction.text == text);
        match same[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The stage that a position names.
    fn stage_of(&self, place: VertexPosition<'_>) -> Option<&Stage> {
        match place.stage {
            None => match &self.stages[..] {
                [only] => Some(only),
                _ => None,
            },
            Some(label) => self.stages.iter().find(|stage| match &stage.name {
                Some(name) => name.eq_ignore_ascii_case(label),
                None => label == format!("stage-{}", stage.index),
            }),
        }
    }
}

/// The instruction with that number, where the stage has as many as the position says.
fn numbered<'stage>(stage: &'stage Stage, place: VertexPosition<'_>) -> Option<&'stage Instruction> {
    if stage.numbered().count() != place.total {
        return None;
    }
    stage.numbered().nth(place.number.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_STAGES: &str = "\
ARG PYTHON
FROM ${PYTHON} AS Builder
WORKDIR /app
ENV A=1
COPY requirements.txt .
RUN pip install \\
    -r requirements.txt
RUN <<EOF
echo one
EOF

FROM builder
COPY . .
FROM scratch
COPY --from=1 /app /app
COPY --from=1 /app /more
";

    #[test]
    fn finds_instructions_by_position_and_by_text() {
        let dockerfile = Dockerfile::parse(TWO_STAGES).unwrap();
        for (vertex, line) in [
            ("[builder 1/5] FROM docker.io/library/python:3.12", Some(2)),
            ("[builder 2/5] WORKDIR /app", Some(3)),
            ("[builder 3/5] COPY requirements.txt .", Some(5)),
            ("[builder 4/5] RUN pip install -r requirements.txt", Some(6)),
            ("[builder 5/5] RUN <<EOF (echo one)", Some(8)),
            ("[stage-1 1/1] COPY . .", Some(13)),
            ("[stage-2 1/2] COPY --from=1 /app /app", Some(15)),
            ("[stage-2 2/2] COPY --from=1 /app /more", Some(16)),
            // A base with one ONBUILD trigger shifts the numbers; the text still tells.
            ("[builder 5/6] RUN pip install   -r requirements.txt", Some(6)),
            // The number is there and the keyword is another.
            ("[builder 2/5] RUN pip install -r requirements.txt", Some(6)),
            ("[builder 2/5] RUN something else", None),
            ("[other 2/5] WORKDIR /app", Some(3)),
            ("[internal] load build context", None),
            ("[internal] load metadata for docker.io/library/python:3.12", None),
            ("exporting to image", None),
            ("Step 1/14 : ARG PYTHON", Some(1)),
            ("Step 4/14 : ENV A=1", Some(4)),
            ("Step 6/14 : RUN pip install     -r requirements.txt", Some(6)),
            ("Step 12/14 : COPY --from=1 /app /more", Some(16)),
            ("Step 12/14 : RUN something else", None),
            ("Step 13/14 : COPY x y", None),
            ("", None),
        ] {
            let found = dockerfile.locate(vertex).map(Instruction::line);
            assert_eq!(found, line, "{vertex}");
        }
    }

    #[test]
    fn counts_without_from_on_scratch_and_accepts_a_missing_label_for_one_stage() {
        let dockerfile = Dockerfile::parse("FROM scratch\nCOPY a /\nCOPY b /\n").unwrap();
        for (vertex, line) in [("[1/2] COPY a /", 2), ("[2/2] COPY ${b} /", 3)] {
            assert_eq!(
                dockerfile.locate(vertex).map(Instruction::line),
                Some(line),
                "{vertex}"
            );
        }
    }

    #[test]
    fn leaves_an_ambiguous_text_without_position_open() {
        let dockerfile = Dockerfile::parse("FROM a\nRUN x\nFROM b\nRUN x\n").unwrap();
        assert_eq!(dockerfile.locate("RUN x"), None);
        assert_eq!(
            dockerfile.locate("[stage-1 2/2] RUN x").map(Instruction::line),
            Some(4)
        );
    }
}
