//! Looking by a container of the ballast that is in the network from the beginning, and prints what it sees.
//!
//! What it prints is two lines: one when it watches, which tells whether its clock is this machine's, and one when it has seen
//! a match or given up. Where its clock is another's it is asked what that shows, before and after.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use futures_util::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt as _;

use super::clock_mapping::{Asked, ClockMapping};
use super::inside::looked;
use super::watching::{Ended, Expected, Found, Polled, Request, SLICE, Seen, Stamp};
use crate::run::{Conversation, LookedInside, Looking, Printed, WatchOrder};
use crate::scenario::{LogStream, NetworkReadiness};
use crate::unit::Nanos;

/// Where this kernel tells the number that it drew when it was started, which no other kernel has.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// How long a started container may take to say that it watches.
const SETUP_PATIENCE: Nanos = Nanos::from_secs(20);

/// How long after its own deadline it may take to say that it saw nothing.
const LAST_WORD_PATIENCE: Nanos = Nanos::from_secs(10);

/// How long it may take to tell what its clock shows.
const CLOCK_PATIENCE: Nanos = Nanos::from_secs(5);

/// How often it is asked for that, before and after: the soonest answer counts.
const QUESTIONS: usize = 50;

/// A line is no longer than this.
const LONGEST_LINE: usize = 64 << 10;

/// So much of a line that is not understood is shown.
const SHOWN_CHARS: usize = 80;

/// What `ballast watch` is told to look for.
pub(super) fn arguments(ready: &NetworkReadiness, patience: Nanos) -> Vec<String> {
    let mut words = vec!["watch".to_owned()];
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    flag("--port", ready.port().to_string());
    flag("--patience", format!("{}us", patience.0.div_ceil(1_000)));
    let Request { bytes, response } = Request::new(ready);
    let Some(expected) = response else {
        return words;
    };
    let Expected {
        statuses,
        fields,
        body_contains,
        bodiless,
    } = expected;
    flag("--request", hex(&bytes));
    for range in statuses {
        flag("--status", format!("{}-{}", range.start(), range.end()));
    }
    for (name, value) in fields {
        flag("--field", format!("{}:{}", hex(name.as_bytes()), hex(&value)));
    }
    if let Some(body) = body_contains {
        flag("--body", hex(&body));
    }
    if bodiless {
        words.push("--bodiless".to_owned());
    }
    words
}

/// Two digits a byte: whatever a scenario looks for passes through a command line.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Waits until the container watches; what it sees is what is given.
///
/// # Errors
///
/// Says in words why what it tells could not be used.
pub(super) async fn watch(order: WatchOrder, conversation: Conversation) -> Result<Looking, String> {
    let mut lines = Lines::of(conversation);
    let until = order.began + SETUP_PATIENCE;
    let line = match lines.next(&order, until).await? {
        Heard::Line(line) => line,
        Heard::Nothing => return Err("the container that looks did not say that it watches".to_owned()),
        Heard::Cancelled => return Err("given up before the container that looks did".to_owned()),
    };
    let watching = understood::<Watching>("watching", &line)?;
    let boot_id = fs::read_to_string(BOOT_ID).unwrap_or_default();
    let heard = Nanos::from(Stamp::now());
    let same = watching.shares_clock(boot_id.trim(), order.began, heard);
    let before = if same {
        ClockMapping::SAME
    } else {
        lines.compare_clocks(&order).await?
    };
    let looking = async move {
        let mut clock = before;
        let until = heard + order.patience + LAST_WORD_PATIENCE;
        let seen = match lines.next(&order, until).await? {
            Heard::Line(line) => {
                let watched = understood::<Watched>("watched", &line)?;
                let heard = Stamp::now();
                if !same {
                    let after = lines.compare_clocks(&order).await?;
                    if !before.agrees_with(after) {
                        return Err(
                            "the clock of the daemon's containers was set, or stood, while it looked"
                                .to_owned(),
                        );
                    }
                    clock = before.or_closer(after);
                }
                watched.seen(watching.now_ns, heard, clock)?
            }
            Heard::Nothing => return Err("the container that looks did not say what it saw".to_owned()),
            Heard::Cancelled => Seen {
                polled: Polled {
                    ended: Ended::Cancelled,
                    met: BTreeMap::new(),
                },
                listens_on: Vec::new(),
            },
        };
        let mut looked = looked(seen, order.patience);
        if let Some(sighting) = &mut looked.seen {
            sighting.clock_error = clock.error;
        }
        Ok::<LookedInside, String>(looked)
    };
    Ok(looking.boxed())
}

/// What is said when it watches.
#[derive(Debug, Deserialize)]
struct Watching {
    boot_id: String,
    now_ns: Nanos,
}

impl Watching {
    /// Whether its instants are of this machine's clock: those of a kernel that is this one, and from between two of ours.
    fn shares_clock(&self, boot_id: &str, began: Nanos, heard: Nanos) -> bool {
        !boot_id.is_empty() && self.boot_id == boot_id && (began..=heard).contains(&self.now_ns)
    }
}

/// What is said when it is asked for its clock.
#[derive(Debug, Deserialize)]
struct Clock {
    now_ns: Nanos,
}

/// What is said in the end.
#[derive(Debug, Deserialize)]
struct Watched {
    r#match: Option<Matched>,
    attempts: BTreeMap<String, u32>,
    listens_on: Vec<IpAddr>,
}

#[derive(Debug, Deserialize)]
struct Matched {
    not_before_ns: Option<Nanos>,
    answered_otherwise_ns: Option<Nanos>,
    sent_ns: Nanos,
    first_byte_ns: Nanos,
    status: Option<u16>,
}

impl Watched {
    /// What was seen, by our clock, where its instants lie in their order between when it watched and when it was heard.
    fn seen(self, watching: Nanos, heard: Stamp, clock: ClockMapping) -> Result<Seen, String> {
        let ended = match self.r#match {
            Some(found) => {
                let not_before = found.not_before_ns.unwrap_or(watching);
                let instants = [watching, not_before, found.sent_ns, found.first_byte_ns];
                let otherwise = [
                    watching,
                    found.answered_otherwise_ns.unwrap_or(watching),
                    found.sent_ns,
                ];
                let ours = |instant: Nanos| clock.ours(instant.into());
                let in_order = instants.is_sorted() && otherwise.is_sorted();
                if !in_order || ours(found.first_byte_ns) > heard.plus(clock.error) {
                    return Err(format!(
                        "the container that looks told instants out of order: {found:?}"
                    ));
                }
                Ended::Match(Found {
                    not_before: found.not_before_ns.map(ours),
                    answered_otherwise: found.answered_otherwise_ns.map(ours),
                    sent: ours(found.sent_ns),
                    first_byte: ours(found.first_byte_ns),
                    status: found.status,
                })
            }
            None => Ended::TimedOut,
        };
        Ok(Seen {
            polled: Polled {
                ended,
                met: self.attempts,
            },
            listens_on: self.listens_on,
        })
    }
}

/// Reads a line that has to begin with a word and go on with an object.
fn understood<T: DeserializeOwned>(word: &str, line: &str) -> Result<T, String> {
    let told = |why: &str| {
        let shown: String = line.chars().take(SHOWN_CHARS).collect();
        format!("the container that looks said {shown:?}, expected a line `{word}` with what it tells: {why}")
    };
    let rest = line
        .strip_prefix(word)
        .ok_or_else(|| told("it begins otherwise"))?;
    serde_json::from_str(rest).map_err(|error| told(&error.to_string()))
}

/// What a container prints, by lines.
struct Lines {
    conversation: Conversation,
    /// Of its standard output, what no line was made of yet.
    held: Vec<u8>,
    /// What it complained of.
    complaint: Vec<u8>,
}

/// What listening for a line came to.
enum Heard {
    Line(String),
    /// The time was up.
    Nothing,
    Cancelled,
}

impl Lines {
    fn of(conversation: Conversation) -> Self {
        Self {
            conversation,
            held: Vec::new(),
            complaint: Vec::new(),
        }
    }

    /// Asks the container what its clock shows, which it tells line by line.
    async fn compare_clocks(&mut self, order: &WatchOrder) -> Result<ClockMapping, String> {
        let until = Nanos::from(Stamp::now()) + CLOCK_PATIENCE;
        let mut questions = Vec::with_capacity(QUESTIONS);
        for _ in 0..QUESTIONS {
            let from = Stamp::now();
            let said = async {
                self.conversation.input.write_all(b"\n").await?;
                self.conversation.input.flush().await
            };
            said.await.map_err(|error| {
                format!("the container that looks cannot be asked for its clock: {error}")
            })?;
            let line = match self.next(order, until).await? {
                Heard::Line(line) => line,
                Heard::Nothing => {
                    return Err("the container that looks did not say what its clock shows".to_owned());
                }
                Heard::Cancelled => return Err("given up while clocks were compared".to_owned()),
            };
            let to = Stamp::now();
            let told = Stamp::from(understood::<Clock>("clock", &line)?.now_ns);
            questions.push(Asked { from, told, to });
        }
        ClockMapping::by(&questions).ok_or_else(|| "clocks were not compared".to_owned())
    }

    /// The next line, without its end.
    async fn next(&mut self, order: &WatchOrder, until: Nanos) -> Result<Heard, String> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                return Ok(Heard::Line(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            if order.cancel.load(Ordering::Relaxed) {
                return Ok(Heard::Cancelled);
            }
            if Nanos::from(Stamp::now()) > until {
                return Ok(Heard::Nothing);
            }
            // Nothing is lost where the time is up first.
            let Ok(printed) = tokio::time::timeout(SLICE.into(), self.conversation.printed.next()).await
            else {
                continue;
            };
            let Some(printed) = printed else {
                let complaint = String::from_utf8_lossy(&self.complaint);
                let why = complaint.lines().next().unwrap_or("it did not say why");
                return Err(format!("the container that looks has ended: {why}"));
            };
            let Printed { stream, bytes } = printed.map_err(|fault| crate::causes::in_one_line(&fault))?;
            let held = match stream {
                LogStream::Stdout => &mut self.held,
                LogStream::Stderr => &mut self.complaint,
            };
            held.extend(bytes);
            if held.len() > LONGEST_LINE {
                return Err(format!(
                    "the container that looks printed more than {LONGEST_LINE} bytes, expected two lines"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use tokio::io::{AsyncBufReadExt as _, BufReader};

    use super::*;
    use crate::run::EngineFault;
    use crate::scenario::{HttpReadiness, StatusClass, StatusPattern};

    /// A container that prints these pieces and ends.
    async fn hear(pieces: &[&str], cancelled: bool) -> Result<LookedInside, String> {
        let order = WatchOrder {
            began: Stamp::now().into(),
            patience: Nanos::from_secs(2),
            cancel: Arc::new(AtomicBool::new(cancelled)),
        };
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| {
                let stream = if piece.starts_with("ballast: ") {
                    LogStream::Stderr
                } else {
                    LogStream::Stdout
                };
                let bytes = piece.as_bytes().to_vec();
                Ok(Printed { stream, bytes })
            })
            .collect();
        watch(order, deaf(pieces)).await?.await
    }

    /// A container that prints this and reads nothing.
    fn deaf(printed: Vec<Result<Printed, EngineFault>>) -> Conversation {
        Conversation {
            printed: futures_util::stream::iter(printed).boxed(),
            input: Box::pin(tokio::io::sink()),
        }
    }

    /// A container with another clock, which is ahead by so much, later by `jump` more, and says this in the end.
    async fn hear_by_another_clock(
        ahead: i64,
        jump: i64,
        last: impl FnOnce(&dyn Fn(Stamp) -> i64) -> String,
    ) -> Result<LookedInside, String> {
        let (input, read) = tokio::io::duplex(64);
        let (says, heard) = tokio::sync::mpsc::unbounded_channel();
        let say = move |text: String| {
            let stream = LogStream::Stdout;
            let bytes = text.into_bytes();
            // Nobody hears it where the test has failed.
            let _ = says.send(Ok::<_, EngineFault>(Printed { stream, bytes }));
        };
        let theirs = move |stamp: Stamp| stamp.0 + ahead;
        say(format!(
            "watching {{\"boot_id\":\"another\",\"now_ns\":{}}}\n",
            theirs(Stamp::now())
        ));
        let answering = say.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(read).lines();
            let mut asked = 0;
            while let Ok(Some(_)) = lines.next_line().await {
                asked += 1;
                let jump = if asked > QUESTIONS { jump } else { 0 };
                answering(format!("clock {{\"now_ns\":{}}}\n", theirs(Stamp::now()) + jump));
            }
        });
        let conversation = Conversation {
            printed: tokio_stream::wrappers::UnboundedReceiverStream::new(heard).boxed(),
            input: Box::pin(input),
        };
        let order = WatchOrder {
            began: Stamp::now().into(),
            patience: Nanos::from_secs(2),
            cancel: Arc::new(AtomicBool::new(false)),
        };
        let looking = watch(order, conversation).await?;
        say(last(&theirs));
        looking.await
    }

    fn matched(not_before: i64, sent: i64, first_byte: i64) -> String {
        format!(
            "watched {{\"match\":{{\"not_before_ns\":{not_before},\"sent_ns\":{sent},\"first_byte_ns\":{first_byte},\
             \"status\":200}},\"attempts\":{{}},\"listens_on\":[]}}\n"
        )
    }

    #[tokio::test]
    async fn instants_of_another_clock_are_told_by_this_one_within_what_is_not_known_of_it() {
        for ahead in [5_000_000_000_000, 0] {
            let mut true_instants = Vec::new();
            let looked = hear_by_another_clock(ahead, 0, |theirs| {
                true_instants = (0..3).map(|_| Stamp::now()).collect();
                matched(
                    theirs(true_instants[0]),
                    theirs(true_instants[1]),
                    theirs(true_instants[2]),
                )
            });
            let seen = looked.await.unwrap().seen.unwrap();
            assert!(
                seen.clock_error > Nanos::ZERO && seen.clock_error < Nanos::from_secs(1),
                "{seen:?}"
            );
            let told = [seen.not_before.unwrap(), seen.sent, seen.first_byte];
            for (told, true_instant) in told.into_iter().zip(true_instants) {
                let wrong = told.0.abs_diff(Nanos::from(true_instant).0);
                assert!(wrong <= seen.clock_error.0, "{wrong} {seen:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_meanwhile_tells_nothing() {
        for jump in [60_000_000_000, -1_000_000_000] {
            let looked = hear_by_another_clock(7_000_000_000, jump, |theirs| {
                let now = theirs(Stamp::now());
                matched(now, now, now)
            });
            assert_eq!(
                looked.await.unwrap_err(),
                "the clock of the daemon's containers was set, or stood, while it looked"
            );
        }
    }

    fn watching() -> String {
        let boot_id = fs::read_to_string(BOOT_ID).unwrap();
        format!(
            "watching {{\"boot_id\":\"{}\",\"now_ns\":{}}}\n",
            boot_id.trim(),
            // A moment later, as that of a container that was started meanwhile.
            Nanos::from(Stamp::now()).0 + 1_000
        )
    }

    /// What is heard after a container has said that it watches, an instant after which its first word is due.
    async fn hear_after(last: &str) -> Result<LookedInside, String> {
        let order = WatchOrder {
            began: Stamp::now().into(),
            patience: Nanos::from_secs(2),
            cancel: Arc::new(AtomicBool::new(false)),
        };
        let first = watching();
        std::thread::sleep(std::time::Duration::from_millis(1));
        let text = format!("{first}{last}");
        // Cut anywhere.
        let (one, other) = text.as_bytes().split_at(first.len() / 2);
        let pieces = [one, other].map(|bytes| {
            Ok(Printed {
                stream: LogStream::Stdout,
                bytes: bytes.to_vec(),
            })
        });
        watch(order, deaf(pieces.into())).await?.await
    }

    #[test]
    fn what_is_looked_for_is_told_in_words_that_pass_a_command_line() {
        let http = HttpReadiness {
            method: "HEAD".to_owned(),
            status: vec![
                StatusPattern::Class(StatusClass::Success),
                StatusPattern::Code(404),
            ],
            headers: [("X-Ready".to_owned(), "--é\n".to_owned())].into(),
            body_contains: Some(String::new()),
            ..HttpReadiness::of("/", 8080)
        };
        let told = arguments(&NetworkReadiness::Http(http), Nanos(1_500_000_001));
        let request = String::from_utf8(
            told[6]
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect(),
        )
        .unwrap();
        assert!(
            request.starts_with("HEAD / HTTP/1.1\r\n") && request.ends_with("\r\n\r\n"),
            "{request:?}"
        );
        assert_eq!(
            told[..6],
            ["watch", "--port", "8080", "--patience", "1500001us", "--request"]
        );
        assert_eq!(
            told[7..],
            [
                "--status",
                "200-299",
                "--status",
                "404-404",
                "--field",
                "582d5265616479:2d2dc3a90a",
                "--body",
                "",
                "--bodiless"
            ]
        );
        assert_eq!(
            arguments(&NetworkReadiness::Tcp(5432), Nanos::from_secs(1)),
            ["watch", "--port", "5432", "--patience", "1000000us"]
        );
    }

    #[tokio::test]
    async fn what_was_seen_is_told_by_its_own_instants() {
        let zero = Stamp::now();
        let watched = Watched {
            r#match: Some(Matched {
                not_before_ns: Some(Nanos(20)),
                answered_otherwise_ns: Some(Nanos(15)),
                sent_ns: Nanos(30),
                first_byte_ns: Nanos(40),
                status: Some(200),
            }),
            attempts: [("refused".to_owned(), 3)].into(),
            listens_on: vec!["0.0.0.0".parse().unwrap()],
        };
        let seen = watched.seen(Nanos(10), zero, ClockMapping::SAME).unwrap();
        let looked = looked(seen, Nanos::from_secs(1));
        let sighting = looked.seen.unwrap();
        assert_eq!(
            (sighting.not_before, sighting.sent, sighting.first_byte),
            (Some(Nanos(20)), Nanos(30), Nanos(40))
        );
        assert_eq!(sighting.answered_otherwise, Some(Nanos(15)));
        assert_eq!((looked.attempts.0["refused"], looked.miss), (3, None));

        let looked = hear_after("watched {\"match\":null,\"attempts\":{\"refused\":7},\"listens_on\":[]}\n");
        let looked = looked.await.unwrap();
        assert_eq!(looked.seen, None);
        assert_eq!(
            looked.miss.as_deref(),
            Some("no matching response within 2.00 s; attempts met refused (7)")
        );
    }

    #[test]
    fn instants_out_of_order_are_no_sighting() {
        let told = |not_before: Option<u64>, otherwise: Option<u64>, sent, first_byte| {
            let watched = Watched {
                r#match: Some(Matched {
                    not_before_ns: not_before.map(Nanos),
                    answered_otherwise_ns: otherwise.map(Nanos),
                    sent_ns: Nanos(sent),
                    first_byte_ns: Nanos(first_byte),
                    status: None,
                }),
                attempts: BTreeMap::new(),
                listens_on: Vec::new(),
            };
            watched.seen(Nanos(10), Stamp(100), ClockMapping::SAME).is_ok()
        };
        assert!(told(Some(20), Some(11), 30, 40) && told(None, None, 10, 100));
        for (not_before, otherwise, sent, first_byte) in [
            (Some(5), None, 30, 40),
            (Some(35), None, 30, 40),
            (Some(20), None, 41, 40),
            (Some(20), None, 30, 101),
            (None, None, 9, 40),
            (Some(20), Some(9), 30, 40),
            (Some(20), Some(31), 30, 40),
        ] {
            assert!(
                !told(not_before, otherwise, sent, first_byte),
                "{not_before:?} {otherwise:?} {sent} {first_byte}"
            );
        }
    }

    #[test]
    fn a_clock_is_shared_by_one_kernel_and_within_two_of_our_own_readings() {
        let watching = |boot_id: &str, now| Watching {
            boot_id: boot_id.to_owned(),
            now_ns: Nanos(now),
        };
        let shares = |told: &Watching, own: &str| told.shares_clock(own, Nanos(100), Nanos(200));
        assert!(shares(&watching("a-b", 150), "a-b"));
        for (told, own) in [("a-c", "a-b"), ("", ""), ("a-b", "")] {
            assert!(!shares(&watching(told, 150), own), "{told:?} {own:?}");
        }
        for now in [99, 201] {
            assert!(!shares(&watching("a-b", now), "a-b"), "{now}");
        }
    }

    #[tokio::test]
    async fn whatever_else_is_printed_is_an_error_in_words() {
        let long = "x".repeat(LONGEST_LINE + 1);
        for (pieces, expected) in [
            (vec![], "the container that looks has ended: it did not say why"),
            (
                vec!["ballast: cannot\n", "ballast: see `ballast --help`\n"],
                "the container that looks has ended: ballast: cannot",
            ),
            (
                vec!["watching {\"boot_id\""],
                "the container that looks has ended: it did not say why",
            ),
            (
                vec!["hello\n"],
                "the container that looks said \"hello\", expected a line `watching` with what it tells: it begins otherwise",
            ),
            (
                vec!["watching {}\n"],
                "the container that looks said \"watching {}\", expected a line `watching` with what it tells: missing field \
                 `boot_id` at line 1 column 3",
            ),
            (
                vec!["watching {\"boot_id\":\"x\",\"now_ns\":-1}\n"],
                "the container that looks said \"watching {\\\"boot_id\\\":\\\"x\\\",\\\"now_ns\\\":-1}\", expected a line \
                 `watching` with what it tells: invalid value: integer `-1`, expected u64 at line 1 column 27",
            ),
            (
                vec!["watching {\"boot_id\":\"x\",\"now_ns\":1}\n"],
                "the container that looks has ended: it did not say why",
            ),
            (
                vec!["watching {\"boot_id\":\"x\",\"now_ns\":1}\n", "watched\n"],
                "the container that looks said \"watched\", expected a line `clock` with what it tells: it begins otherwise",
            ),
            (
                vec![long.as_str()],
                "the container that looks printed more than 65536 bytes, expected two lines",
            ),
        ] {
            assert_eq!(hear(&pieces, false).await.unwrap_err(), expected);
        }
        assert_eq!(
            hear(&[], true).await.unwrap_err(),
            "given up before the container that looks did"
        );
        for last in [
            "",
            "watched",
            "watched {}\n",
            "watched {\"match\":null,\"attempts\":{\"refused\":4294967296},\"listens_on\":[]}\n",
            "watched {\"match\":null,\"attempts\":{},\"listens_on\":[\"nowhere\"]}\n",
            "watched {\"match\":{\"sent_ns\":1,\"first_byte_ns\":2},\"attempts\":{},\"listens_on\":[]}\n",
            "watching {}\n",
            "\u{0}\n",
        ] {
            let refusal = hear_after(last).await.unwrap_err();
            assert!(
                refusal.starts_with("the container that looks "),
                "{last:?}: {refusal}"
            );
        }
    }
}
