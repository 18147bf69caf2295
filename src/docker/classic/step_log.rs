//! Reading what the classic builder tells, line by line, into instructions, images and errors.
//!
//! It has no trace: an instruction begins with its `Step n/m` line and ends where the next one begins, or the build.
//! Every line is one JSON object; what a RUN prints comes in the same `stream` as what the builder says, so that its
//! lines are only believed outside of a container's output.

use serde::Deserialize;

use super::super::log_tail::LogTail;
use crate::results::Phase;
use crate::run::{BuildFault, ClassicProgress, TracedInstruction};
use crate::unit::{ByteSize, Nanos};

/// What the builder has said so far.
#[derive(Debug, Default)]
pub(super) struct StepLog {
    steps: Vec<Step>,
    /// Short ids of the images that this build made, oldest first: each is the child of the one before, or of a base.
    made: Vec<String>,
    image_id: Option<String>,
    error: Option<String>,
    /// The short id of the image that the next instruction starts from; empty where it starts from nothing.
    parent: Option<String>,
    /// How often images or containers were told of.
    told: usize,
}

/// One instruction, which the builder calls a step.
#[derive(Debug)]
struct Step {
    /// `Step 3/7 : RUN make`.
    name: String,
    kind: StepKind,
    cached: bool,
    started: Nanos,
    ended: Option<Nanos>,
    /// The id of the container whose output is read.
    running: Option<String>,
    /// Whether the next image that is named came from the cache.
    found: bool,
    log: LogTail,
}

/// What of a build a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepKind {
    /// An ARG before the first FROM.
    Argument,
    /// A FROM whose base was not named yet.
    OpenBase,
    /// A FROM; what follows its base are triggers that the base brings.
    Base,
    Instruction,
}

/// One line of the builder's answer.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    aux: Option<Aux>,
    /// What the daemon says where it refuses a build before it begins.
    #[serde(default)]
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Aux {
    #[serde(rename = "ID")]
    id: Option<String>,
}

impl StepLog {
    /// Takes one line of the answer, which arrived so long after the build was asked for.
    pub(super) fn take(&mut self, line: &[u8], at: Nanos) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return;
        };
        if let Some(text) = line.stream {
            self.take_text(&text, at);
        }
        if let Some(id) = line.aux.and_then(|aux| aux.id) {
            // Every stage tells its last image; the last one is the build's.
            self.image_id = Some(id);
        }
        if let Some(error) = line.error.or(line.message) {
            self.error.get_or_insert(error.trim().to_owned());
            self.image_id = None;
        }
    }

    fn take_text(&mut self, text: &str, at: Nanos) {
        if let Some(step) = self.steps.last_mut()
            && let Some(container) = &step.running
        {
            let said = text.trim_end_matches('\n');
            let removed = [
                format!("Removing intermediate container {container}"),
                format!(" ---> Removed intermediate container {container}"),
            ];
            if removed.iter().any(|removed| removed == said) {
                step.running = None;
                self.told += 1;
            } else {
                step.log.push(without_colour(text).as_bytes());
            }
            return;
        }
        if let Some(kind) = self.kind_of_step(text) {
            self.end(at);
            self.steps.push(Step {
                name: text.to_owned(),
                kind,
                cached: false,
                started: at,
                ended: None,
                running: None,
                found: false,
                log: LogTail::default(),
            });
            return;
        }
        let Some(step) = self.steps.last_mut() else {
            return;
        };
        let text = text.trim_end_matches('\n');
        match text.strip_prefix(" ---> ") {
            Some(said) => {
                step.take_arrow(said, &mut self.made, &mut self.parent);
                self.told += 1;
            }
            None if text.starts_with("Successfully built ") => self.end(at),
            None => {}
        }
    }

    /// The kind of the step that a text opens; `None` for a text that opens none. The builder writes such a line
    /// without its end, which comes on its own.
    fn kind_of_step(&self, text: &str) -> Option<StepKind> {
        let (position, instruction) = text.strip_prefix("Step ")?.split_once(" : ")?;
        let (number, _total) = position.split_once('/')?;
        if text.ends_with('\n') || number.parse() != Ok(self.steps.len() + 1) {
            return None;
        }
        let keyword = instruction.split_whitespace().next().unwrap_or_default();
        Some(if keyword.eq_ignore_ascii_case("FROM") {
            StepKind::OpenBase
        } else if self.steps.iter().all(|step| step.kind == StepKind::Argument)
            && keyword.eq_ignore_ascii_case("ARG")
        {
            StepKind::Argument
        } else {
            StepKind::Instruction
        })
    }

    /// Says that the answer is complete.
    pub(super) fn end(&mut self, at: Nanos) {
        if let Some(step) = self.steps.last_mut() {
            step.ended.get_or_insert(at);
        }
    }

    /// The instructions in the order in which they were worked on; neither FROM nor the ARG before the first one.
    pub(super) fn instructions(&self) -> Vec<TracedInstruction> {
        self.steps
            .iter()
            .filter(|step| step.kind == StepKind::Instruction)
            .map(|step| TracedInstruction {
                vertex_name: step.name.clone(),
                cached: step.cached,
                started: Some(step.started),
                duration: step.duration(),
                log_bytes: ByteSize(step.log.bytes()),
            })
            .collect()
    }

    /// The build's parts: the context until the first step, bases, and the instructions that ran.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let context = self.steps.first().map(|first| Phase {
            name: "context".to_owned(),
            started_ns: Nanos::ZERO,
            duration_ns: first.started,
        });
        let resolve = self.phase("resolve", |step| {
            matches!(step.kind, StepKind::OpenBase | StepKind::Base)
        });
        let instructions = self.phase("instructions", |step| {
            step.kind == StepKind::Instruction && !step.cached
        });
        context.into_iter().chain(resolve).chain(instructions).collect()
    }

    fn phase(&self, name: &str, part: impl Fn(&Step) -> bool) -> Option<Phase> {
        let steps: Vec<_> = self.steps.iter().filter(|step| part(step)).collect();
        Some(Phase {
            name: name.to_owned(),
            started_ns: steps.first()?.started,
            duration_ns: steps
                .iter()
                .filter_map(|step| step.duration())
                .fold(Nanos::ZERO, |sum, duration| {
                    Nanos(sum.0.saturating_add(duration.0))
                }),
        })
    }

    /// Short ids of the images that this build made, oldest first.
    pub(super) fn made(&self) -> &[String] {
        &self.made
    }

    /// Where the build stands.
    pub(super) fn progress(&self) -> ClassicProgress {
        ClassicProgress {
            parent: self.parent.clone(),
            container: self.steps.last().and_then(|step| step.running.clone()),
        }
    }

    /// How often images or containers were told of so far.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    /// The id of the image, where the build succeeded.
    pub(super) fn image_id(&self) -> Option<String> {
        self.image_id.clone()
    }

    /// What the builder said went wrong.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// What went wrong, with the step that was at work and what it logged last.
    pub(super) fn fault(&self, message: String, timed_out: bool) -> BuildFault {
        let step = self.steps.last();
        BuildFault {
            message,
            timed_out,
            vertex_name: step.map(|step| step.name.clone()),
            log_tail: step.map(|step| step.log.lines()).unwrap_or_default(),
        }
    }
}

impl Step {
    /// Takes what stands behind an arrow: where the step's result comes from, or its image.
    fn take_arrow(&mut self, said: &str, made: &mut Vec<String>, parent: &mut Option<String>) {
        if said == "Using cache" {
            self.found = true;
            self.cached = self.kind == StepKind::Instruction;
        } else if let Some(container) = said.strip_prefix("Running in ") {
            self.running = Some(container.to_owned());
        } else if self.kind == StepKind::OpenBase {
            self.kind = StepKind::Base;
            *parent = Some(said.to_owned());
        } else {
            *parent = Some(said.to_owned());
            if is_short_id(said) && !self.found {
                made.push(said.to_owned());
            }
            self.found = false;
        }
    }

    fn duration(&self) -> Option<Nanos> {
        self.ended.map(|ended| ended.saturating_since(self.started))
    }
}

/// Whether a text is an image's id as the builder shortens it.
fn is_short_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What a program wrote to its standard error the builder shows in red.
fn without_colour(text: &str) -> &str {
    text.strip_prefix("\u{1b}[91m")
        .and_then(|text| text.strip_suffix("\u{1b}[0m"))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a build, each a millisecond after the one before.
    fn log(lines: &[&str]) -> StepLog {
        let mut log = StepLog::default();
        for (line, at) in lines.iter().zip(1..) {
            log.take(line.as_bytes(), Nanos::from_millis(at));
        }
        log
    }

    fn stream(text: &str) -> String {
        serde_json::json!({ "stream": text }).to_string()
    }

    fn streams(texts: &[&str]) -> StepLog {
        let lines: Vec<_> = texts.iter().map(|text| stream(text)).collect();
        log(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The parent and the container.
    fn progress(log: &StepLog) -> (Option<&str>, Option<&str>) {
        let running = log.steps.last().and_then(|step| step.running.as_deref());
        assert_eq!(log.progress().container.as_deref(), running);
        (log.parent.as_deref(), running)
    }

    #[test]
    fn each_word_of_an_image_or_a_container_says_where_the_build_stands() {
        let mut log = StepLog::default();
        let mut told = Vec::new();
        for text in [
            "Step 1/3 : FROM base",
            " ---> 96062a7c5602\n",
            "Step 2/3 : COPY a /",
            " ---> Using cache\n",
            " ---> 24da30b2e418\n",
            "Step 3/3 : RUN make",
            " ---> Running in 5b381145a826\n",
            " ---> ffffffffffff\n",
            "Removing intermediate container 5b381145a826\n",
            " ---> 111111111111\n",
        ] {
            let before = log.told();
            log.take(stream(text).as_bytes(), Nanos::ZERO);
            if log.told() > before {
                let (parent, container) = progress(&log);
                told.push(format!(
                    "{} {}",
                    parent.unwrap_or("none"),
                    container.unwrap_or("none")
                ));
            }
        }
        assert_eq!(
            told,
            [
                "96062a7c5602 none",
                "96062a7c5602 none",
                "24da30b2e418 none",
                "24da30b2e418 5b381145a826",
                "24da30b2e418 none",
                "111111111111 none",
            ]
        );
    }

    #[test]
    fn instructions_are_told_from_what_they_print() {
        for removed in [
            "Removing intermediate container 5b381145a826\n",
            " ---> Removed intermediate container 5b381145a826\n",
        ] {
            let log = streams(&[
                "Step 1/5 : ARG BASE",
                "\n",
                "Step 2/5 : FROM ${BASE} AS one",
                "\n",
                " ---> 96062a7c5602\n",
                "Step 3/5 : COPY a.txt /",
                "\n",
                " ---> Using cache\n",
                " ---> 24da30b2e418\n",
                "Step 4/5 : RUN make",
                "\n",
                " ---> Running in 5b381145a826\n",
                "Step 5/5 : RUN print",
                " ---> Using cache\n",
                " ---> ffffffffffff\n",
                "\u{1b}[91mbad\n\u{1b}[0m",
                removed,
                " ---> bb6f4ca666c8\n",
                "Step 5/5 : CMD [\"/x\"]",
                "\n",
                " ---> 111111111111\n",
                "Successfully built 111111111111\n",
                "Successfully tagged x\n",
            ]);
            let told: Vec<_> = log
                .instructions()
                .into_iter()
                .map(|told| (told.vertex_name, told.cached, told.duration, told.log_bytes.0))
                .collect();
            let millis = |millis| Some(Nanos::from_millis(millis));
            assert_eq!(
                told,
                [
                    ("Step 3/5 : COPY a.txt /".to_owned(), true, millis(4), 0),
                    ("Step 4/5 : RUN make".to_owned(), false, millis(9), 61),
                    ("Step 5/5 : CMD [\"/x\"]".to_owned(), false, millis(3), 0),
                ]
            );
            assert_eq!(log.made(), ["bb6f4ca666c8", "111111111111"]);
            assert_eq!(progress(&log), (Some("111111111111"), None));
            let phases: Vec<_> = log
                .phases()
                .into_iter()
                .map(|phase| {
                    (
                        phase.name,
                        phase.started_ns.0 / 1_000_000,
                        phase.duration_ns.0 / 1_000_000,
                    )
                })
                .collect();
            assert_eq!(
                phases,
                [
                    ("context".to_owned(), 0, 1),
                    ("resolve".to_owned(), 3, 3),
                    ("instructions".to_owned(), 10, 12),
                ]
            );
        }
    }

    #[test]
    fn a_failure_names_the_step_and_what_it_printed_last() {
        let lines = [
            stream("Step 1/2 : FROM x"),
            stream(" ---> 96062a7c5602\n"),
            stream("Step 2/2 : RUN make"),
            stream("\n"),
            stream(" ---> Running in e3c54f7ba989\n"),
            stream("\u{1b}[91mno rule\n\u{1b}[0m"),
            stream("Removing intermediate container e3c54f7ba989\n"),
            r#"{"errorDetail":{"code":2,"message":"it returned 2"},"error":"it returned 2"}"#.to_owned(),
        ];
        let log = log(&lines.each_ref().map(String::as_str));
        assert_eq!((log.error(), log.image_id()), (Some("it returned 2"), None));
        let fault = log.fault("it returned 2".to_owned(), false);
        assert_eq!(fault.vertex_name.as_deref(), Some("Step 2/2 : RUN make"));
        assert_eq!(fault.log_tail, ["no rule"]);
        assert_eq!(log.made(), [""; 0]);
    }

    #[test]
    fn images_of_triggers_are_the_builds_own_and_the_last_stage_names_the_image() {
        let lines = [
            stream("Step 1/2 : FROM onbuild"),
            stream("\n"),
            stream("# Executing 2 build triggers\n"),
            stream(" ---> 96062a7c5602\n"),
            stream(" ---> Using cache\n"),
            stream(" ---> 222222222222\n"),
            stream(" ---> 333333333333\n"),
            r#"{"aux":{"ID":"sha256:3333"}}"#.to_owned(),
            stream("Step 2/2 : FROM scratch"),
            stream(" ---> \n"),
            r#"{"aux":{"ID":"sha256:4444"}}"#.to_owned(),
        ];
        let log = log(&lines.each_ref().map(String::as_str));
        assert_eq!(log.made(), ["333333333333"]);
        assert_eq!(progress(&log), (Some(""), None));
        assert_eq!(log.image_id().as_deref(), Some("sha256:4444"));
        assert_eq!(log.instructions(), []);
    }

    #[test]
    fn a_refusal_before_the_first_step_is_an_error() {
        let log = log(&[
            r#"{"message":"dockerfile parse error on line 3: unknown instruction: RNU"}"#,
            "{}",
            "x",
        ]);
        assert_eq!(
            log.error(),
            Some("dockerfile parse error on line 3: unknown instruction: RNU")
        );
        assert_eq!(log.fault(String::new(), false).vertex_name, None);
    }
}
