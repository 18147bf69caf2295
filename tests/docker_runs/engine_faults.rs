//! A daemon that is full, frozen, killed or gone is a result with a name, in time.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use seatrial::results::Status;

use crate::daemon::{daemon, unique};
use crate::own_engine::OwnEngine;
use crate::soak::{soaking, tell};
use crate::trial::{Ended, Trial, builds, process_runs, until};

/// A scenario on this engine: variants by their last instruction, built in two steps.
fn trial(engine: &OwnEngine, token: &str, timeout: &str, variants: &[(&str, &str)]) -> Trial {
    let tables = variants
        .iter()
        .map(|(name, _)| format!("[[variant]]\nname = \"{name}\"\ndockerfile = \"{name}.Dockerfile\"\n"));
    let tables: String = tables.collect();
    let scenario = format!(
        "schema = 1\ntitle = \"Faults\"\nquestion = \"Is it told?\"\ncontext.path = \"context\"\n\
         base.ballast.ballast = true\n{tables}\
         [build]\nrounds = 1\nwarmups = 0\ntimeout = \"{timeout}\"\n\
         [[build.step]]\nname = \"first\"\ncache = {{ layers = \"empty\", context = \"absent\" }}\n\
         [[build.step]]\nname = \"second\"\nedit = [{{ append = \"input.txt\", text = \"{{{{nonce}}}}\\n\" }}]\n"
    );
    let dockerfiles = variants.iter().map(|(name, last)| {
        let text = format!("ARG BALLAST\nFROM ${{BALLAST}}\nCOPY input.txt /input.txt\n{last}\n");
        (format!("{name}.Dockerfile"), text)
    });
    let dockerfiles: Vec<_> = dockerfiles.collect();
    let mut files = vec![("scenario.toml", scenario.as_str()), ("context/input.txt", token)];
    files.extend(
        dockerfiles
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    Trial::new(&files).with_variable("DOCKER_HOST", &engine.host)
}

fn sleeps(token: &str, time: &str) -> String {
    format!("RUN [\"/ballast\", \"work\", \"--sleep\", \"{time}\", \"--output\", \"/{token}\"]")
}

/// Why the first step of a variant failed.
fn reason(trial: &Trial, variant: &str) -> String {
    let run = trial.journal();
    let first = &builds(&run, variant, "first")[0];
    let Status::Failed { reason } = &first.outcome else {
        panic!("{first:?}");
    };
    format!("{reason}\n{:?}", first.failure)
}

fn full(engine: &OwnEngine) {
    let token = unique("full");
    let fills = format!(
        "RUN [\"/ballast\", \"work\", \"--files\", \"60\", \"--bytes\", \"4MiB\", \"--output\", \"/{token}\"]"
    );
    let good = "CMD [\"/ballast\", \"serve\"]";
    let trial = trial(engine, &token, "60s", &[("good", good), ("fills", &fills)]);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let reason = reason(&trial, "fills");
    assert!(
        reason.to_lowercase().contains("no space left on device"),
        "{reason}"
    );
    let run = trial.journal();
    for step in ["first", "second"] {
        let good = builds(&run, "good", step)[0];
        assert!(good.outcome.is_ok(), "{good:?}");
    }
    assert_eq!(run.end.unwrap().left_behind, [""; 0]);
    assert_eq!(engine.held(), "");
}

fn frozen_and_continued(engine: &OwnEngine) {
    let token = unique("frozen");
    let trial = trial(engine, &token, "4s", &[("only", &sleeps(&token, "1s"))]);
    let running = trial.start(&[]);
    until("the instruction runs", || process_runs(&token));
    engine.signal(Signal::STOP);
    std::thread::sleep(Duration::from_secs(5));
    engine.signal(Signal::CONT);
    let ended = running.wait();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let reason = reason(&trial, "only");
    assert!(reason.contains("the build was ended after 4.00 s"), "{reason}");
    assert_eq!(trial.journal().end.unwrap().left_behind, [""; 0]);
    assert_eq!(engine.held(), "");
}

/// A run must not wait for ever for a daemon that takes connections and says nothing.
fn frozen_for_good(engine: &OwnEngine) {
    let token = unique("frozen-for-good");
    let trial = trial(engine, &token, "4s", &[("only", &sleeps(&token, "1s"))]);
    let running = trial.start(&[]);
    until("the instruction runs", || process_runs(&token));
    engine.signal(Signal::STOP);
    let began = Instant::now();
    let ended = running.wait_for(Duration::from_secs(400));
    let took = began.elapsed();
    tell(&format!(
        "a run on a daemon that is frozen for good ended after {took:?}"
    ));
    assert_unanswered(&ended);
    let refused = trial.command(&["doctor"], &[]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(
        refused.stderr.contains("there was no answer within 15 s"),
        "{}",
        refused.stderr
    );
    engine.signal(Signal::CONT);
    let reason = reason(&trial, "only");
    assert!(reason.contains("the build was ended after 4.00 s"), "{reason}");
    tidy_up(engine, &trial);
}

fn killed(engine: &OwnEngine) -> Trial {
    let token = unique("daemon-killed");
    let trial = trial(engine, &token, "100s", &[("only", &sleeps(&token, "600s"))]);
    let running = trial.start(&[]);
    until("the instruction runs", || process_runs(&token));
    engine.signal(Signal::KILL);
    let began = Instant::now();
    let ended = running.wait();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_unanswered(&ended);
    let reason = reason(&trial, "only");
    assert!(reason.contains("the connection to the daemon broke"), "{reason}");

    let refused = trial.run(&[]);
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(
        refused.stderr.contains("Connection refused"),
        "{}",
        refused.stderr
    );
    trial
}

/// What a run could not remove is told, and that the daemon is why.
fn assert_unanswered(ended: &Ended) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("left behind: what the run made: the docker daemon did not answer at `"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("`seatrial clean` tries again"),
        "{}",
        ended.stderr
    );
}

/// Once the daemon answers again, `clean` gets what the run could not remove.
fn tidy_up(engine: &OwnEngine, trial: &Trial) {
    let ended = trial.clean(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(engine.held(), "", "{}", ended.stdout);
    assert_eq!(trial.scratch_copies(), [""; 0]);
}

#[test]
fn a_daemon_that_is_full_frozen_killed_or_gone_is_a_result_with_a_name() {
    let Some(_daemon) = daemon() else { return };
    let Some(engine) = OwnEngine::start_or_skip("200M") else {
        return;
    };
    assert_eq!(engine.held(), "");
    full(&engine);
    frozen_and_continued(&engine);
    if soaking() {
        frozen_for_good(&engine);
    }
    let trial = killed(&engine);
    if soaking() {
        engine.start_again();
        tidy_up(&engine, &trial);
    }
}
