//! Reading a Dockerfile.

use std::ops::Range;

use parse_dockerfile as grammar;

use super::heredoc::{Hidden, hide};
use super::instruction::fold;
use super::{Argument, DockerfileError, Heredoc, Instruction, Keyword, Stage};

/// A Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    /// The frontend that `# syntax=` asks for.
    pub syntax: Option<String>,
    /// The character that continues a line.
    pub escape: char,
    /// The ARGs before the first FROM.
    pub global_args: Vec<Instruction>,
    /// Its stages; at least one.
    pub stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a Dockerfile.
    ///
    /// # Errors
    ///
    /// Where the text is none: an unknown instruction, a missing argument, no FROM, a here-document without end.
    pub fn parse(text: &str) -> Result<Self, DockerfileError> {
        // A byte order mark is part of no line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let escape = escape_of(text);
        let Hidden {
            text: plain,
            heredocs,
        } = hide(text, escape)?;
        let parsed = grammar::parse(&plain).map_err(|error| explain(text, &error))?;

        let mut reader = Reader {
            text,
            plain: &plain,
            escape,
            heredocs,
        };
        let starts: Vec<usize> = parsed.instructions.iter().map(keyword_start).collect();
        let mut dockerfile = Self {
            syntax: parsed
                .parser_directives
                .syntax
                .map(|syntax| syntax.value.value.to_owned()),
            escape,
            global_args: Vec::new(),
            stages: Vec::new(),
        };
        for (index, parsed) in parsed.instructions.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(text.len());
            let instruction = reader.instruction(starts[index]..end)?;
            match parsed {
                grammar::Instruction::From(from) => dockerfile.begin_stage(from, instruction),
                _ => match dockerfile.stages.last_mut() {
                    Some(stage) => stage.instructions.push(instruction),
                    None => dockerfile.global_args.push(instruction),
                },
            }
        }
        Ok(dockerfile)
    }

    /// Every instruction from the first FROM on, in the file's order.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.stages
            .iter()
            .flat_map(|stage| std::iter::once(&stage.from).chain(&stage.instructions))
    }

    /// What the ARGs before the first FROM declare.
    #[must_use]
    pub fn global_arguments(&self) -> Vec<Argument> {
        self.global_args.iter().flat_map(Argument::of).collect()
    }

    fn begin_stage(&mut self, from: &grammar::FromInstruction<'_>, instruction: Instruction) {
        let base = from.image.value.to_string();
        let parent = self.stages.iter().rposition(|stage| {
            stage
                .name
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(&base))
        });
        self.stages.push(Stage {
            index: self.stages.len(),
            name: from.as_.as_ref().map(|(_, name)| name.value.to_lowercase()),
            base,
            from: instruction,
            instructions: Vec::new(),
            parent,
        });
    }
}

/// Turns spans of the grammar into instructions.
struct Reader<'text> {
    text: &'text str,
    plain: &'text str,
    escape: char,
    heredocs: Vec<Heredoc>,
}

impl Reader<'_> {
    /// The instruction in `region`, which reaches up to the next one.
    fn instruction(&mut self, region: Range<usize>) -> Result<Instruction, DockerfileError> {
        let heredocs: Vec<Heredoc> = self
            .heredocs
            .extract_if(.., |heredoc| region.contains(&heredoc.span.start))
            .collect();
        let header_end = heredocs.first().map_or(region.end, |heredoc| heredoc.span.start);
        let header = &self.text[region.start..header_end];
        let text = fold(&self.joined(header));
        let unknown =
            || DockerfileError::new(self.text, region.clone(), format!("unknown instruction `{text}`"));
        let keyword = text
            .split(' ')
            .next()
            .and_then(Keyword::from_word)
            .ok_or_else(unknown)?;
        let end = match heredocs.last() {
            Some(heredoc) => heredoc.span.end,
            None => region.start + significant_length(&self.plain[region.clone()]),
        };
        let end = region.start + self.text[region.start..end].trim_end().len();
        let line_of = |at: usize| {
            let line = self.text[..at].matches('\n').count() + 1;
            u32::try_from(line).unwrap_or(u32::MAX)
        };
        Ok(Instruction {
            keyword,
            lines: line_of(region.start)..=line_of(end),
            span: region.start..end,
            text,
            heredocs,
        })
    }

    /// The lines of an instruction in one, without the comments between them.
    fn joined(&self, header: &str) -> String {
        let mut joined = String::with_capacity(header.len());
        for (index, line) in header.lines().enumerate() {
            let trimmed = line.trim();
            if index > 0 && (trimmed.is_empty() || trimmed.starts_with('#')) {
                continue;
            }
            let line = line.trim_end();
            joined.push_str(line.strip_suffix(self.escape).unwrap_or(line));
        }
        joined
    }
}

/// How many bytes of `region` come before the comments and empty lines at its end.
fn significant_length(region: &str) -> usize {
    let mut length = 0;
    let mut at = 0;
    for line in region.split_inclusive('\n') {
        at += line.len();
        let trimmed = line.trim();
        if length == 0 || !(trimmed.is_empty() || trimmed.starts_with('#')) {
            length = at;
        }
    }
    length
}

/// The character that continues a line, as the `# escape=` directive at the top sets it.
fn escape_of(text: &str) -> char {
    for line in text.lines() {
        let Some(comment) = line.trim_start().strip_prefix('#') else {
            break;
        };
        let Some((name, value)) = comment.split_once('=') else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

/// Our error for one of the grammar.
fn explain(text: &str, error: &grammar::Error) -> DockerfileError {
    // A file without FROM has no place of its own; the first line stands for it.
    let line_index = error.line().saturating_sub(1);
    let line_start: usize = text.split_inclusive('\n').take(line_index).map(str::len).sum();
    let line = text[line_start..].lines().next().unwrap_or_default();
    let start = line_start + error.column().saturating_sub(1).min(line.len());
    let end = line_start + line.trim_end().len();
    let message = format!("{error:#}").replace('\'', "`");
    let mut explained = DockerfileError::new(text, start..end.max(start), message);
    if let Some(word) = explained.message.strip_prefix("unknown instruction ") {
        let word = word.trim_matches('`').to_uppercase();
        explained.hint = nearest_keyword(&word).map(|keyword| format!("did you mean `{keyword}`?"));
    }
    explained
}

/// The keyword that `word` is a slip of.
fn nearest_keyword(word: &str) -> Option<Keyword> {
    Keyword::ALL
        .into_iter()
        .map(|keyword| (strsim::damerau_levenshtein(word, keyword.as_str()), keyword))
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, keyword)| keyword)
}

/// Where the keyword of an instruction begins.
fn keyword_start(instruction: &grammar::Instruction<'_>) -> usize {
    use grammar::Instruction as I;
    let keyword = match instruction {
        I::Add(instruction) => &instruction.add,
        I::Arg(instruction) => &instruction.arg,
        I::Cmd(instruction) => &instruction.cmd,
        I::Copy(instruction) => &instruction.copy,
        I::Entrypoint(instruction) => &instruction.entrypoint,
        I::Env(instruction) => &instruction.env,
        I::Expose(instruction) => &instruction.expose,
        I::From(instruction) => &instruction.from,
        I::Healthcheck(instruction) => &instruction.healthcheck,
        I::Label(instruction) => &instruction.label,
        I::Maintainer(instruction) => &instruction.maintainer,
        I::Onbuild(instruction) => &instruction.onbuild,
        I::Run(instruction) => &instruction.run,
        I::Shell(instruction) => &instruction.shell,
        I::Stopsignal(instruction) => &instruction.stopsignal,
        I::User(instruction) => &instruction.user,
        I::Volume(instruction) => &instruction.volume,
        I::Workdir(instruction) => &instruction.workdir,
        // The grammar's enum may grow; a keyword that this version does not know has no place to name.
        _ => return 0,
    };
    keyword.span.start
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_the_nearest_keyword() {
        let error = Dockerfile::parse("FROM a\n\n  RNU é\n").unwrap_err();
        assert_eq!((error.line, error.column), (3, 3));
        assert_eq!(error.message, "unknown instruction `RNU`");
        assert_eq!(error.hint.as_deref(), Some("did you mean `RUN`?"));
    }

    #[test]
    fn spans_cover_the_instruction_and_nothing_behind_it() {
        let text = "FROM a\nRUN x \\\n  # why\n  && y\n\n# last\nCOPY <<E /e\n# body\nE\n";
        let dockerfile = Dockerfile::parse(text).unwrap();
        let spans: Vec<_> = dockerfile
            .instructions()
            .map(|instruction| &text[instruction.span.clone()])
            .collect();
        assert_eq!(
            spans,
            ["FROM a", "RUN x \\\n  # why\n  && y", "COPY <<E /e\n# body\nE"]
        );
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "(?s).{0,200}") {
            let _ = Dockerfile::parse(&text);
        }

        #[test]
        fn text_that_looks_like_a_dockerfile_never_panics(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "FROM a", "FROM a AS b", "FROM", "RUN <<E", "E", "RUN \\", "# escape=`", "#", "COPY <<-'E' <<F x",
                    "\tE", "RUN [\"a\"", "ARG", "ARG A=\"1", "ADD a", "ONBUILD RUN <<E", "é<<E", "HEALTHCHECK", "\r",
                    "CMD []", "ENV a b", "RUN --mount=type=cache x `", "SHELL [\"a\"]", "LABEL a=\"b", "ONBUILD",
                ]),
                0..12,
            ),
        ) {
            let _ = Dockerfile::parse(&lines.join("\n"));
        }
    }
}
