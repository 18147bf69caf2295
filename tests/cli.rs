//! The program as a user meets it: what it prints where, and how it ends. Nothing here needs a Docker daemon; the
//! daemons here are sockets of the tests.

#[path = "support/command/mod.rs"]
mod command;
#[path = "support/fake_socket.rs"]
mod fake_socket;
#[path = "support/surroundings.rs"]
mod surroundings;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use command::{Seatrial, scratch};
use fake_socket::{Answer, FakeSocket};

/// Every command of the program.
const COMMANDS: [&str; 17] = [
    "run",
    "resume",
    "check",
    "plan",
    "show",
    "list",
    "schema",
    "context",
    "report",
    "compare",
    "gate",
    "export",
    "history",
    "clean",
    "doctor",
    "selftest",
    "completions",
];

const MISTAKES: &str = "tests/fixtures/mistakes";
const SMALL: &str = "tests/fixtures/scenarios/small";

mod help {
    use super::*;

    #[test]
    fn of_the_program() {
        insta::assert_snapshot!(Seatrial::line("--help").run(), @"
        exit 0
        --- stdout
        Sea trials for container images: what each Dockerfile choice costs, measured on
        a real Docker daemon.

        Start with `seatrial run scenarios/quickstart`, which needs nothing but a Docker
        daemon.

        Usage: seatrial <COMMAND>

        Commands:
          run          Measure scenarios: build every variant through every step, start
                       it, report
          resume       Go on where a stopped run ended, with the same plan in the same
                       order
          check        Validate scenarios: every mistake at once, with file, line and
                       column
          plan         Print what a run would do, in order, without touching Docker
          show         Print a scenario
          list         List the scenarios below a folder
          schema       Print the JSON Schema of scenario files
          context      Tell what a build context holds, what each ignore rule drops, and
                       which paths are heaviest
          report       Write tables, charts and the page again from the samples of a run
          compare      Tell whether one is better: two runs, or the variants of one
          gate         Decide whether a run is as good as its scenario's `[gate]` asks,
                       for scripts and CI
          export       Print a run in a form that another program reads
          history      Keep runs over time: add them, tell how the newest stands, accept
                       a change
          clean        Remove what killed runs left behind
          doctor       Tell what of this machine and its daemon spoils measurements, and
                       what to do about it
          selftest     Tell how well starts are timed on this machine, against servers
                       that know their own instants
          completions  Print what a shell needs to complete commands and options
          help         Print this message or the help of the given subcommand(s)

        Options:
          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Exit codes:
          0    done
          1    something that was measured failed, or the disk is full
          2    wrong usage, or a scenario with mistakes
          3    something is worse than a gate allows; of `gate` alone
          4    not everything could be judged; of `gate --strict` alone
          5    no usable Docker daemon
          130  interrupted; what was measured is kept
        ");
    }

    #[test]
    fn of_run() {
        insta::assert_snapshot!(Seatrial::line("run --help").run(), @"
        exit 0
        --- stdout
        Measure scenarios: build every variant through every step, start it, report.

        Writes a folder under `reports/` as it goes and ends with a verdict sentence, a
        table, and the paths of the charts. Sources are copied and never edited in
        place; images, containers and build records of the run are removed when it ends.

        Usage: seatrial run [OPTIONS] <SCENARIO>...

        Arguments:
          <SCENARIO>...
                  Scenario folders, each with a `scenario.toml`

        Options:
              --variant <NAME>
                  Measure only this variant; may be given several times

              --step <NAME>
                  End each round after this step; may be given several times, the last
                  in order counts

              --rounds <N>
                  Measured rounds of builds

              --starts <N>
                  Measured starts per variant

              --quick
                  One round and one start without warm-ups, to see that everything
                  works; not for comparison

              --bases <WHERE>
                  Where bases come from that the scenario can both pull and import

                  Possible values:
                  - pulled:   From a registry, by reference
                  - imported: From the scenario's recipe, a command that prints a root
                    file system

              --probe <HOW>
                  How starts are looked at, in place of the best way that this machine
                  permits; an error where it does not

                  Possible values:
                  - trace:     From within the container's network, and by the kernel's
                    own record of programs and sockets
                  - netns:     From within the container's network, which is there
                    before the container
                  - sidecar:   From there as well, by a container of seatrial's own:
                    needs nothing but the engine
                  - ip:        By the container's own address, once the start call has
                    returned
                  - published: By the published port alone

              --seed <N>
                  Decides the order of variants within rounds; the same seed gives the
                  same order

              --reports <DIR>
                  Where run folders are made
                  
                  [default: reports]

              --time-budget <DURATION>
                  Begin no further round that would end later than this after the
                  beginning, such as `10m`; the first round of builds and of starts is
                  always measured. Builds use at most three quarters where starts follow

              --fail-fast
                  End at the first sample that failed or does not count, instead of
                  going on with the others

              --prune-anyway
                  Remove own records of the build cache even where the engine then
                  forgets what others built on local images. With the containerd image
                  store it does; without this the records are left there as long as
                  others have layers cached

              --wait
                  Where another run holds the daemon, wait until it has ended instead of
                  giving up

              --json
                  Print the summary as JSON on standard output instead of the table

          -h, --help
                  Print help (see a summary with '-h')

        Daemon:
              --host <ADDRESS>
                  The daemon's address: `unix:///PATH`, `tcp://HOST:PORT` or
                  `ssh://USER@HOST`. Without it and `--context`, `DOCKER_HOST`,
                  `DOCKER_CONTEXT` and the docker command's current context count, in
                  this order

              --context <NAME>
                  The docker context that names the daemon
        ");
    }

    #[test]
    fn of_check() {
        insta::assert_snapshot!(Seatrial::line("check --help").run(), @"
        exit 0
        --- stdout
        Validate scenarios: every mistake at once, with file, line and column.

        Edits are tried on a copy. The Docker daemon is never changed, and only asked
        where a scenario needs what not every engine has; where none answers, that is
        said and is no mistake.

        Usage: seatrial check [OPTIONS] <SCENARIO>...

        Arguments:
          <SCENARIO>...
                  Scenario folders, each with a `scenario.toml`

        Options:
          -h, --help
                  Print help (see a summary with '-h')

        Daemon:
              --host <ADDRESS>
                  The daemon's address: `unix:///PATH`, `tcp://HOST:PORT` or
                  `ssh://USER@HOST`. Without it and `--context`, `DOCKER_HOST`,
                  `DOCKER_CONTEXT` and the docker command's current context count, in
                  this order

              --context <NAME>
                  The docker context that names the daemon
        ");
    }

    #[test]
    fn of_plan() {
        insta::assert_snapshot!(Seatrial::line("plan --help").run(), @"
        exit 0
        --- stdout
        Print what a run would do, in order, without touching Docker

        Usage: seatrial plan [OPTIONS] <SCENARIO>

        Arguments:
          <SCENARIO>
                  The scenario's folder

        Options:
              --variant <NAME>
                  Measure only this variant; may be given several times

              --step <NAME>
                  End each round after this step; may be given several times, the last
                  in order counts

              --rounds <N>
                  Measured rounds of builds

              --starts <N>
                  Measured starts per variant

              --quick
                  One round and one start without warm-ups, to see that everything
                  works; not for comparison

              --bases <WHERE>
                  Where bases come from that the scenario can both pull and import

                  Possible values:
                  - pulled:   From a registry, by reference
                  - imported: From the scenario's recipe, a command that prints a root
                    file system

              --probe <HOW>
                  How starts are looked at, in place of the best way that this machine
                  permits; an error where it does not

                  Possible values:
                  - trace:     From within the container's network, and by the kernel's
                    own record of programs and sockets
                  - netns:     From within the container's network, which is there
                    before the container
                  - sidecar:   From there as well, by a container of seatrial's own:
                    needs nothing but the engine
                  - ip:        By the container's own address, once the start call has
                    returned
                  - published: By the published port alone

              --seed <N>
                  Decides the order of variants within rounds; `run` with the same seed
                  does the same
                  
                  [default: 0]

              --reports <DIR>
                  Where run folders are; an earlier run of the scenario tells how long
                  another takes
                  
                  [default: reports]

              --json
                  Print the plan as JSON

          -h, --help
                  Print help (see a summary with '-h')
        ");
    }

    #[test]
    fn of_show() {
        insta::assert_snapshot!(Seatrial::line("show --help").run(), @"
        exit 0
        --- stdout
        Print a scenario

        Usage: seatrial show [OPTIONS] <SCENARIO>

        Arguments:
          <SCENARIO>
                  The scenario's folder

        Options:
              --variant <NAME>
                  Measure only this variant; may be given several times

              --step <NAME>
                  End each round after this step; may be given several times, the last
                  in order counts

              --rounds <N>
                  Measured rounds of builds

              --starts <N>
                  Measured starts per variant

              --quick
                  One round and one start without warm-ups, to see that everything
                  works; not for comparison

              --bases <WHERE>
                  Where bases come from that the scenario can both pull and import

                  Possible values:
                  - pulled:   From a registry, by reference
                  - imported: From the scenario's recipe, a command that prints a root
                    file system

              --probe <HOW>
                  How starts are looked at, in place of the best way that this machine
                  permits; an error where it does not

                  Possible values:
                  - trace:     From within the container's network, and by the kernel's
                    own record of programs and sockets
                  - netns:     From within the container's network, which is there
                    before the container
                  - sidecar:   From there as well, by a container of seatrial's own:
                    needs nothing but the engine
                  - ip:        By the container's own address, once the start call has
                    returned
                  - published: By the published port alone

              --resolved
                  Print every setting that is in force, and where it comes from

          -h, --help
                  Print help (see a summary with '-h')
        ");
    }

    #[test]
    fn of_list() {
        insta::assert_snapshot!(Seatrial::line("list --help").run(), @"
        exit 0
        --- stdout
        List the scenarios below a folder

        Usage: seatrial list [OPTIONS] [DIR]

        Arguments:
          [DIR]  The folder that is searched [default: scenarios]

        Options:
              --tag <TAG>  Only scenarios with this tag; may be given several times
              --json       Print as JSON
          -h, --help       Print help
        ");
    }

    #[test]
    fn of_schema() {
        insta::assert_snapshot!(Seatrial::line("schema --help").run(), @"
        exit 0
        --- stdout
        Print the JSON Schema of scenario files

        Usage: seatrial schema

        Options:
          -h, --help  Print help
        ");
    }

    #[test]
    fn of_context() {
        insta::assert_snapshot!(Seatrial::line("context --help").run(), @"
        exit 0
        --- stdout
        Tell what a build context holds, what each ignore rule drops, and which paths
        are heaviest

        Usage: seatrial context [OPTIONS] <DIR>

        Arguments:
          <DIR>  The folder of the build context

        Options:
          -f, --file <FILE>     The Dockerfile whose own ignore file counts where it
                                exists: `<Dockerfile>.dockerignore`
              --list            Print the kept paths, one a line
          -0                    With --list: end each path with a NUL byte instead of a
                                line feed
              --explain <PATH>  Say for each of these paths whether it is kept, and
                                which rule decided
              --heaviest <N>    How many of the heaviest paths are shown [default: 10]
          -h, --help            Print help
        ");
    }

    #[test]
    fn of_report() {
        insta::assert_snapshot!(Seatrial::line("report --help").run(), @"
        exit 0
        --- stdout
        Write tables, charts and the page again from the samples of a run

        Usage: seatrial report [OPTIONS] <DIR>...

        Arguments:
          <DIR>...  Run folders

        Options:
              --json  Print the summary as JSON on standard output instead of the table
          -h, --help  Print help
        ");
    }

    #[test]
    fn of_clean() {
        insta::assert_snapshot!(Seatrial::line("clean --help").run(), @"
        exit 0
        --- stdout
        Remove what killed runs left behind

        Usage: seatrial clean [OPTIONS]

        Options:
              --reports <DIR>  Where run folders are [default: reports]
              --dry-run        Only say what would be removed
              --bases          Remove root file systems of imported bases that are kept
                               on disk as well
              --prune-anyway   Remove own records of the build cache even where the
                               engine then forgets what others built on local images.
                               With the containerd image store it does; without this the
                               records are left there as long as others have layers
                               cached
          -h, --help           Print help

        Daemon:
              --host <ADDRESS>  The daemon's address: `unix:///PATH`, `tcp://HOST:PORT`
                                or `ssh://USER@HOST`. Without it and `--context`,
                                `DOCKER_HOST`, `DOCKER_CONTEXT` and the docker command's
                                current context count, in this order
              --context <NAME>  The docker context that names the daemon
        ");
    }

    #[test]
    fn of_doctor() {
        insta::assert_snapshot!(Seatrial::line("doctor --help").run(), @"
        exit 0
        --- stdout
        Tell what of this machine and its daemon spoils measurements, and what to do
        about it.

        Looks at the machine for half a second, asks the daemon, and builds a tiny image
        in turns with the docker command, where there is one, to tell what this program
        itself costs. What that leaves in the daemon is removed, but for records of the
        build cache where others would lose theirs (see `--prune-anyway` of `run`).

        Usage: seatrial doctor [OPTIONS]

        Options:
              --json
                  Print as JSON

          -h, --help
                  Print help (see a summary with '-h')

        Daemon:
              --host <ADDRESS>
                  The daemon's address: `unix:///PATH`, `tcp://HOST:PORT` or
                  `ssh://USER@HOST`. Without it and `--context`, `DOCKER_HOST`,
                  `DOCKER_CONTEXT` and the docker command's current context count, in
                  this order

              --context <NAME>
                  The docker context that names the daemon
        ");
    }

    #[test]
    fn of_resume() {
        insta::assert_snapshot!(Seatrial::line("resume --help").run(), @"
        exit 0
        --- stdout
        Go on where a stopped run ended, with the same plan in the same order.

        A round that was stopped in the middle is begun again; what was measured before
        stays. What the stopped run left in the daemon is removed first. The scenario,
        its sources and the daemon must be as they were.

        Usage: seatrial resume [OPTIONS] <DIR>

        Arguments:
          <DIR>
                  The run's folder

        Options:
              --time-budget <DURATION>
                  Begin no further round that would end later than this after the
                  beginning, such as `10m`; the first round of builds and of starts is
                  always measured. Builds use at most three quarters where starts follow

              --fail-fast
                  End at the first sample that failed or does not count, instead of
                  going on with the others

              --prune-anyway
                  Remove own records of the build cache even where the engine then
                  forgets what others built on local images. With the containerd image
                  store it does; without this the records are left there as long as
                  others have layers cached

              --wait
                  Where another run holds the daemon, wait until it has ended instead of
                  giving up

              --json
                  Print the summary as JSON on standard output instead of the table

          -h, --help
                  Print help (see a summary with '-h')

        Daemon:
              --host <ADDRESS>
                  The daemon's address: `unix:///PATH`, `tcp://HOST:PORT` or
                  `ssh://USER@HOST`. Without it and `--context`, `DOCKER_HOST`,
                  `DOCKER_CONTEXT` and the docker command's current context count, in
                  this order

              --context <NAME>
                  The docker context that names the daemon
        ");
    }

    #[test]
    fn of_completions() {
        insta::assert_snapshot!(Seatrial::line("completions --help").run(), @"
        exit 0
        --- stdout
        Print what a shell needs to complete commands and options

        Usage: seatrial completions <SHELL>

        Arguments:
          <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

        Options:
          -h, --help  Print help
        ");
    }

    #[test]
    fn lists_every_command_and_fits_eighty_columns() {
        let program = Seatrial::line("--help").run();
        program.fits_a_pipe();
        let listed: Vec<_> = program
            .stdout
            .lines()
            .skip_while(|line| *line != "Commands:")
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .collect();
        assert_eq!(listed, COMMANDS);
        for command in COMMANDS {
            for flag in ["--help", "-h"] {
                let told = Seatrial::new([command, flag]).run();
                assert_eq!(told.code, Some(0), "{told}");
                assert_eq!(told.stderr, "");
                told.fits_a_pipe();
            }
        }
    }
}

mod resume {
    use super::*;

    #[test]
    fn what_is_no_run_or_complete_is_refused_before_any_daemon_is_asked() {
        for (folder, told) in [
            ("tests/fixtures/scenarios/small", "journal.jsonl"),
            (
                "tests/fixtures/runs/quickstart-20.10-fuse-overlayfs",
                "its plan is complete",
            ),
        ] {
            let ended = Seatrial::new(["resume", folder, "--host", "unix:///nowhere"]).run();
            assert_eq!(ended.code, Some(2), "{ended}");
            assert!(
                ended.stderr.contains(told) && ended.stderr.contains("hint: "),
                "{ended}"
            );
        }
    }
}

mod usage {
    use super::*;

    #[test]
    fn an_unknown_command_is_named_with_the_nearest_one() {
        insta::assert_snapshot!(Seatrial::line("chek scenarios/quickstart").run(), @"
        exit 2
        --- stderr
        error: unrecognized subcommand 'chek'

          tip: some similar subcommands exist: 'schema', 'check'

        Usage: seatrial <COMMAND>

        For more information, try '--help'.
        ");
    }

    #[test]
    fn an_unknown_option_is_named() {
        insta::assert_snapshot!(Seatrial::line("run scenarios/quickstart --round 3").run(), @"
        exit 2
        --- stderr
        error: unexpected argument '--round' found

          tip: a similar argument exists: '--rounds'

        Usage: seatrial run --rounds <N> <SCENARIO>...

        For more information, try '--help'.
        ");
    }

    #[test]
    fn a_number_out_of_range_is_refused_with_the_range() {
        insta::assert_snapshot!(Seatrial::line("run scenarios/quickstart --rounds 0").run(), @"
        exit 2
        --- stderr
        error: invalid value '0' for '--rounds <N>': 0 is not in 1..=1000

        For more information, try '--help'.
        ");
    }

    #[test]
    fn every_wrong_use_ends_with_two() {
        for line in [
            "",
            "chek",
            "run",
            "check",
            "plan",
            "plan a b",
            "show",
            "context",
            "report",
            "run x --rounds zero",
            "run x --quick --rounds 3",
            "plan x --seed -1",
            "context x -0",
            "list --json=yes",
        ] {
            let told = Seatrial::line(line).run();
            assert_eq!(told.code, Some(2), "`{line}`: {told}");
            assert_eq!(told.stdout, "", "`{line}`: {told}");
        }
    }

    #[test]
    fn a_folder_without_a_scenario_is_named_with_those_near_it() {
        insta::assert_snapshot!(Seatrial::line("check tests/fixtures/scenarios").run(), @"
        exit 2
        --- stderr
        error: cannot read `tests/fixtures/scenarios/scenario.toml`: there is no such file
          hint: scenarios near it: `tests/fixtures/scenarios/five-mistakes`, `tests/fixtures/scenarios/small`
        ");
        insta::assert_snapshot!(Seatrial::line("plan tests/fixtures/scenarios/smal").run(), @"
        exit 2
        --- stderr
        error: cannot find the scenario `tests/fixtures/scenarios/smal`
          caused by: No such file or directory (os error 2)
          hint: scenarios near it: `tests/fixtures/scenarios/five-mistakes`, `tests/fixtures/scenarios/small`
        ");
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn check_lists_all_five_with_their_places() {
        insta::assert_snapshot!(Seatrial::new(["check", MISTAKES]).run(), @r#"
        exit 2
        --- stderr
        error: unknown key `platfrom` in `variant`
          --> tests/fixtures/mistakes/scenario.toml:13:1
           |
        13 | platfrom = "linux/amd64"
           | ^^^^^^^^ unknown key
           |
           = hint: did you mean `platform`?

        error: two variants are named `plain`
          --> tests/fixtures/mistakes/scenario.toml:16:8
           |
        16 | name = "plain"
           |        ^^^^^^^ the first one stands in line 11

        error: `build.rounds` is the string "ten", expected a whole number
          --> tests/fixtures/mistakes/scenario.toml:20:10
           |
        20 | rounds = "ten"
           |          ^^^^^ expected a whole number

        error: unknown instruction `COPPY`
         --> tests/fixtures/mistakes/broken.Dockerfile:3:1
          |
        3 | COPPY . /app
          | ^^^^^^^^^^^^
          |
          = hint: did you mean `COPY`?

        error: replace `main.txt`: the text "good morning" occurs 0 times, expected 1
          --> tests/fixtures/mistakes/scenario.toml:24:9
           |
        24 | edit = [{ replace = "main.txt", find = "good morning", with = "{{nonce}}" }]
           |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

        tests/fixtures/mistakes: 5 mistakes
        "#);
    }

    #[test]
    fn what_a_secret_is_taken_from_and_is_not_there_or_no_file_is_named() {
        let folder = scratch();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("s/context")).unwrap();
        fs::create_dir(at("s/folder")).unwrap();
        fs::write(at("s/locked"), "password").unwrap();
        fs::set_permissions(at("s/locked"), fs::Permissions::from_mode(0o000)).unwrap();
        // Nobody writes to it: reading it would never end.
        assert!(
            Command::new("mkfifo")
                .arg(at("s/pipe"))
                .status()
                .unwrap()
                .success()
        );
        fs::write(at("s/Dockerfile"), "FROM scratch\n").unwrap();
        let scenario = "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\n[[variant]]\nname = \"v\"\n\
                        dockerfile = \"Dockerfile\"\n[variant.secrets]\n\
                        a.env = \"SEATRIAL_TEST_UNSET\"\nb.file = \"absent\"\nc.file = \"folder\"\n\
                        d.file = \"locked\"\ne.file = \"pipe\"\n";
        fs::write(at("s/scenario.toml"), scenario).unwrap();
        let program = env!("CARGO_BIN_EXE_seatrial");
        // Root reads everything, unless the right to is taken from it.
        let is_root = rustix::process::geteuid().is_root();
        let mut check = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            check.args(["--bounding-set=-dac_override,-dac_read_search", program]);
        }
        let output = check
            .args(["check", "s"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for told in [
            "the environment has no `SEATRIAL_TEST_UNSET` for the secret `a`\n --> s/scenario.toml:8:9",
            "cannot read `absent` for the secret `b`: there is no such file\n --> s/scenario.toml:9:10",
            "cannot read `folder` for the secret `c`: it is a folder\n  --> s/scenario.toml:10:10",
            "cannot read `locked` for the secret `d`: Permission denied (os error 13)\n  --> s/scenario.toml:11:10",
            "cannot read `pipe` for the secret `e`: it is no regular file\n  --> s/scenario.toml:12:10",
            "s: 5 mistakes",
        ] {
            assert!(said.contains(told), "{told} is not in\n{said}");
        }
    }

    #[test]
    fn a_fill_that_the_context_leaves_no_room_for_is_named_at_its_path() {
        let folder = scratch();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("s/context/bulk")).unwrap();
        fs::write(at("s/Dockerfile"), "FROM scratch\n").unwrap();
        let scenario = "schema = 1\ntitle = \"t\"\n[[variant]]\nname = \"v\"\ndockerfile = \"Dockerfile\"\n\
                        [context]\npath = \"context\"\nfill = [\n  { path = \"new\", files = 1, bytes = \"9B\" },\n  \
                        { path = \"bulk\", files = 1, bytes = \"9B\" },\n]\n";
        fs::write(at("s/scenario.toml"), scenario).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
            .args(["check", "s"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let told = "cannot fill `bulk`: it already exists in the context, expected a new folder";
        assert!(
            said.contains(told) && said.contains("s/scenario.toml:10:12"),
            "{said}"
        );
    }

    #[test]
    fn every_command_that_reads_a_scenario_lists_them_and_leaves_docker_alone() {
        let expected = Seatrial::new(["check", MISTAKES]).run().stderr;
        for command in ["check", "run", "plan", "show"] {
            let daemon = FakeSocket::answering(Answer::Silence);
            let told = Seatrial::new([command, MISTAKES]).daemon(&daemon).run();
            assert_eq!(
                (told.code, told.stdout.as_str()),
                (Some(2), ""),
                "{command}: {told}"
            );
            assert_eq!(told.stderr, expected, "{command}");
            assert!(!daemon.was_touched(), "{command} asked the daemon");
        }
    }

    #[test]
    fn run_measures_nothing_where_one_of_two_scenarios_has_mistakes() {
        let daemon = FakeSocket::answering(Answer::Silence);
        let folder = scratch();
        let reports = folder.path().join("reports");
        let told = Seatrial::new(["run", SMALL, MISTAKES, "--reports"])
            .arg(&reports)
            .daemon(&daemon)
            .run();
        assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""), "{told}");
        assert!(
            told.stderr.ends_with("tests/fixtures/mistakes: 5 mistakes\n"),
            "{told}"
        );
        assert!(!daemon.was_touched());
        assert!(!reports.exists());
    }

    #[test]
    fn a_good_scenario_is_said_to_be_one() {
        insta::assert_snapshot!(Seatrial::new(["check", SMALL]).run(), @"
        exit 0
        --- stdout
        tests/fixtures/scenarios/small: ok
        ");
    }

    #[test]
    fn the_scenarios_of_this_project_have_none() {
        let mut folders: Vec<PathBuf> = fs::read_dir("scenarios")
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        folders.sort();
        assert!(folders.len() >= 9, "{folders:?}");
        // The steps of one are this repository's own commits, which a shallow clone does not have.
        let mut history = Command::new("git");
        let has_history = history
            .args(["rev-parse", "--quiet", "--verify", "HEAD~8"])
            .output()
            .is_ok_and(|output| output.status.success());
        for folder in folders {
            let replays_this = folder.ends_with("replay-self");
            let expected = if replays_this && !has_history { 2 } else { 0 };
            let told = Seatrial::new(["check", folder.to_str().unwrap()]).run();
            assert_eq!(told.code, Some(expected), "{told}");
        }
    }
}

mod filters {
    use super::*;

    #[test]
    fn a_variant_that_is_not_there_lists_those_that_are() {
        insta::assert_snapshot!(Seatrial::new(["plan", SMALL, "--variant", "orderd"]).run(), @"
        exit 2
        --- stderr
        error: `--variant orderd` matches no variant
         |
         = hint: did you mean `ordered`? the variants are: `plain`, `ordered`

        tests/fixtures/scenarios/small: 1 mistake
        ");
        insta::assert_snapshot!(Seatrial::new(["run", SMALL, "--variant", "xyz"]).run(), @"
        exit 2
        --- stderr
        error: `--variant xyz` matches no variant
         |
         = hint: the variants are: `plain`, `ordered`

        tests/fixtures/scenarios/small: 1 mistake
        ");
    }

    #[test]
    fn a_step_that_is_not_there_lists_those_that_are() {
        insta::assert_snapshot!(Seatrial::new(["plan", SMALL, "--step", "xyz"]).run(), @"
        exit 2
        --- stderr
        error: `--step xyz` matches no step
         |
         = hint: the steps are: `cold`, `edit source`, `touch only`

        tests/fixtures/scenarios/small: 1 mistake
        ");
    }

    #[test]
    fn a_tag_that_is_not_there_lists_those_that_are() {
        insta::assert_snapshot!(Seatrial::line("list tests/fixtures/scenarios --tag xyz").run(), @"
        exit 2
        --- stderr
        error: `--tag xyz` matches no scenario
          hint: the tags are: cache, small
        ");
    }
}

mod daemon {
    use super::*;

    /// Commands that need one.
    fn commands(reports: &Path) -> [Seatrial; 2] {
        [
            Seatrial::line("run scenarios/quickstart --reports").arg(reports),
            Seatrial::line("clean --reports").arg(reports),
        ]
    }

    #[test]
    fn absent_is_told_in_one_sentence_with_what_may_help() {
        let folder = scratch();
        let reports = folder.path().join("reports");
        for command in commands(&reports) {
            insta::allow_duplicates! {
                insta::assert_snapshot!(command.run(), @"
                exit 5
                --- stderr
                error: no docker daemon answers at `/nonexistent/docker.sock`
                  caused by: No such file or directory (os error 2)
                  hint: start the daemon, or name another one in DOCKER_HOST
                ");
            }
        }
        assert!(!reports.exists(), "a folder was made for a run that never began");
    }

    #[test]
    fn of_a_kind_that_cannot_be_used_is_told() {
        let folder = scratch();
        for command in commands(folder.path()) {
            insta::allow_duplicates! {
                insta::assert_snapshot!(command.env("DOCKER_HOST", "npipe:////./pipe/docker_engine").run(), @"
        exit 5
        --- stderr
        error: the daemon's address `npipe:////./pipe/docker_engine` cannot be used, expected `unix:///path/to/docker.sock`, `tcp://host:port` or `ssh://user@host`
          hint: leave DOCKER_HOST unset for the default socket
        ");
            }
        }
    }

    #[test]
    fn a_file_that_is_no_socket_is_told() {
        let folder = scratch();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let told = Seatrial::line("clean")
            .env("DOCKER_HOST", format!("unix://{}", file.display()))
            .redact(&file, 'f')
            .run();
        insta::assert_snapshot!(told, @"
        exit 5
        --- stderr
        error: no docker daemon answers at `ffffffffffffffffffff`
          caused by: Connection refused (os error 111)
          hint: start the daemon, or name another one in DOCKER_HOST
        ");
    }

    #[test]
    fn that_gives_no_useful_answer_is_told() {
        let forbidden = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\
                         Connection: close\r\n\r\n{\"message\":\"not you\"}\r\n";
        let not_docker = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
                          Connection: close\r\n\r\n{}";
        for answer in [
            Answer::Close,
            Answer::Bytes("what do you want?\r\n\r\n"),
            Answer::Bytes(forbidden),
            Answer::Bytes(not_docker),
        ] {
            let daemon = FakeSocket::answering(answer);
            let folder = scratch();
            let reports = folder.path().join("reports");
            for command in commands(&reports) {
                let told = command.daemon(&daemon).run();
                assert_eq!(
                    (told.code, told.stdout.as_str()),
                    (Some(5), ""),
                    "{answer:?}: {told}"
                );
                let first = told.stderr.lines().next().unwrap_or_default();
                let socket = "s".repeat(daemon.path().as_os_str().len());
                assert!(
                    first.starts_with(&format!(
                        "error: the docker daemon at `{socket}` does not answer `GET /"
                    )),
                    "{answer:?}: {told}"
                );
                assert!(
                    told.stderr.contains("  hint: start the daemon"),
                    "{answer:?}: {told}"
                );
            }
            assert!(!reports.exists());
        }
    }

    #[test]
    fn that_is_silent_is_given_up() {
        let daemon = FakeSocket::answering(Answer::Silence);
        insta::assert_snapshot!(Seatrial::line("clean").daemon(&daemon).run(), @"
        exit 5
        --- stderr
        error: the docker daemon at `sssssssssssssssssssssssssss` does not answer `GET /version`
          caused by: there was no answer within 15 s
          hint: start the daemon, or name another one in DOCKER_HOST
        ");
    }
}

mod doctor {
    use super::*;
    use serde_json::Value;

    #[test]
    fn without_a_daemon_says_so_and_what_is_to_be_said_of_the_machine() {
        let told = Seatrial::line("doctor").run();
        assert_eq!(told.code, Some(5), "{told}");
        told.fits_a_pipe();
        let first = told.stdout.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("daemon     error  no docker daemon answers at"),
            "{told}"
        );
        for topic in [
            "load", "steal", "pressure", "memory", "governor", "scratch", "proxy", "trust",
        ] {
            let lines = told
                .stdout
                .lines()
                .filter(|line| line.split(' ').next() == Some(topic));
            assert_eq!(lines.count(), 1, "{topic}: {told}");
        }
        assert!(told.stderr.contains("hint: start the daemon"), "{told}");
    }

    #[test]
    fn a_password_in_a_proxy_is_never_shown() {
        for flag in [None, Some("--json")] {
            let told = Seatrial::new(["doctor"].into_iter().chain(flag))
                .env("HTTPS_PROXY", "http://me:s3cr3t@proxy.example:3128")
                .run();
            assert!(told.stdout.contains("HTTPS_PROXY"), "{told}");
            assert!(!format!("{told}").contains("s3cr3t"), "{told}");
        }
    }

    #[test]
    fn as_json_is_one_value_with_the_same_findings() {
        let told = Seatrial::line("doctor --json").run();
        assert_eq!(told.code, Some(5), "{told}");
        let all: Value = serde_json::from_str(&told.stdout).unwrap();
        let findings = all["findings"].as_array().unwrap();
        assert_eq!(findings[0]["topic"], "daemon");
        assert_eq!(findings[0]["level"], "error");
        assert_eq!(all["errors"], 1);
        let warnings = findings.iter().filter(|finding| finding["level"] == "warning");
        let explained = warnings.filter(|finding| finding["spoils"].is_string() && finding["do"].is_string());
        assert_eq!(all["warnings"], explained.count());
    }
}

mod completions {
    use super::*;

    #[test]
    fn name_every_command_for_every_shell() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let told = Seatrial::new(["completions", shell]).run();
            assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{shell}");
            for command in COMMANDS {
                assert!(told.stdout.contains(command), "{shell} does not know {command}");
            }
        }
    }

    #[test]
    fn bash_reads_its_own() {
        let told = Seatrial::line("completions bash").run();
        let folder = scratch();
        let script = folder.path().join("completions");
        fs::write(&script, told.stdout).unwrap();
        let ask = format!(
            "source {}; COMP_WORDS=(seatrial doc); COMP_CWORD=1; _seatrial seatrial doc seatrial; echo ${{COMPREPLY[*]}}",
            script.display()
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "doctor\n");
    }
}

mod plan {
    use super::*;

    #[test]
    fn tells_every_step_and_turn() {
        insta::assert_snapshot!(Seatrial::new(["plan", SMALL, "--rounds", "2", "--reports", "nowhere"]).run(), @"
        exit 0
        --- stdout
        small: 12 builds and 14 starts, warm-ups included; seed 0
          as many starts again, where this machine permits looking from within
          time  not known before a first run; no build may take longer than 90.0 s
          disk  8.02 KiB of scratch copies, besides images and the build cache
          base alpine           pulled or imported as ${ALPINE}

        variants
          plain                plain.Dockerfile
          ordered              ordered.Dockerfile, EXTRA=1

        steps of every turn
          1. cold                     layers empty, mounts empty
          2. edit source              layers primed
             append app/main.sh, replace app/main.sh
          3. touch only               layers primed
             touch app/main.sh

        order of turns
          build round 1      plain, ordered
          build round 2      ordered, plain
          start warm-up 1    plain (inside), plain, ordered (inside), ordered
          start round 1      ordered (inside), plain, plain (inside), ordered
          start round 2      ordered (inside), plain (inside), ordered, plain
          start round 3      plain, ordered, ordered (inside), plain (inside)
          start round 4      ordered, ordered (inside), plain (inside), plain
          start round 5      ordered, ordered (inside), plain (inside), plain
          start round 6      plain (inside), ordered (inside), plain, ordered
        ");
    }

    #[test]
    fn is_the_same_for_the_same_seed_and_another_for_another() {
        let plan = |seed: &str| {
            let data = Seatrial::new(["plan", SMALL, "--json", "--rounds", "20", "--seed", seed]);
            let plan: serde_json::Value = serde_json::from_str(&data.run().data()).expect("JSON");
            assert_eq!(plan["seed"].to_string(), seed);
            plan["parts"].clone()
        };
        assert_eq!(plan("7"), plan("7"));
        assert_ne!(plan("7"), plan("8"));
    }

    #[test]
    fn counts_what_the_command_line_leaves() {
        let count = |arguments: &[&str]| {
            let data = Seatrial::new(["plan", SMALL, "--json"].iter().chain(arguments));
            let plan: serde_json::Value = serde_json::from_str(&data.run().data()).expect("JSON");
            let numbers = ["builds", "starts"].map(|key| plan[key].as_u64().unwrap());
            assert_eq!(plan["parts"].as_array().unwrap().len() as u64, {
                let steps = plan["steps"].as_array().unwrap().len() as u64;
                // As many starts again, to be looked at from within.
                assert_eq!(plan["starts_inside"], plan["starts"]);
                numbers[0] / steps + 2 * numbers[1]
            });
            numbers
        };
        // Two variants, three steps, four rounds without warm-ups; six starts and one warm-up.
        assert_eq!(count(&[]), [24, 14]);
        assert_eq!(count(&["--variant", "ordered"]), [12, 7]);
        assert_eq!(count(&["--step", "cold"]), [8, 14]);
        assert_eq!(count(&["--rounds", "1", "--starts", "2"]), [6, 6]);
        assert_eq!(count(&["--quick"]), [6, 2]);
    }
}

mod show {
    use super::*;

    #[test]
    fn tells_what_a_scenario_is_about() {
        insta::assert_snapshot!(Seatrial::new(["show", SMALL]).run(), @"
        exit 0
        --- stdout
        small: A small scenario: one edit, two orders
        Does the check read everything?
        tags: cache, small

        variants
          plain: plain.Dockerfile, the baseline
          ordered: ordered.Dockerfile, EXTRA=1

        bases
          alpine as ALPINE: pulled, alpine:3.20, or imported, sh base.sh

        steps of 4 rounds after 0 warm-ups, each build at most 90.0 s
          cold
          edit source: append app/main.sh, replace app/main.sh; rebuilt: COPY . /app
          touch only: touch app/main.sh; all cached

        start
          6 starts after 1 warm-up, ready at /health on port 8000 within 60.0 s

        gates on step.edit source.time, image.size
        ");
    }

    #[test]
    fn resolved_tells_where_each_setting_comes_from() {
        let told = Seatrial::new([
            "show",
            SMALL,
            "--resolved",
            "--starts",
            "2",
            "--bases",
            "imported",
        ])
        .run();
        insta::assert_snapshot!(told, @r##"
        exit 0
        --- stdout
        schema = 1  # scenario
        title = "A small scenario: one edit, two orders"  # scenario
        question = "Does the check read everything?"  # scenario
        tags = ["cache", "small"]  # scenario
        keep = ["ordered"]  # scenario

        [context]
        path = "context"  # scenario
        fill = [{ path = "bulk", files = 3, bytes = "4KiB", seed = 1 }]  # scenario

        [base.alpine]
        import = ["sh", "base.sh"]  # scenario
        # source chosen by: command line

        [[variant]]
        name = "plain"  # scenario
        dockerfile = "plain.Dockerfile"  # scenario
        builder = "buildkit"  # built in
        # the baseline  # built in

        [[variant]]
        name = "ordered"  # scenario
        dockerfile = "ordered.Dockerfile"  # scenario
        ignore = "ordered.dockerignore"  # scenario
        args = { "EXTRA" = "1" }  # scenario
        builder = "buildkit"  # built in

        [build]
        rounds = 4  # defaults (seatrial.toml)
        warmups = 0  # scenario
        timeout = "90s"  # defaults (seatrial.toml)

        [[build.step]]
        name = "cold"  # scenario
        cache = { layers = "empty", mounts = "empty", context = "kept", base = "present" }  # scenario

        [[build.step]]
        name = "edit source"  # scenario
        cache = { layers = "primed", mounts = "kept", context = "kept", base = "present" }  # built in
        edit = [{ append = "app/main.sh", text = "# {{nonce}}\n" }, { replace = "app/main.sh", find = "hello", with = "good day", times = 1 }]  # scenario
        expect = { rebuilt = ["COPY . /app"] }  # scenario

        [[build.step]]
        name = "touch only"  # scenario
        cache = { layers = "primed", mounts = "kept", context = "kept", base = "present" }  # built in
        edit = [{ touch = "app/main.sh" }]  # scenario
        expect = "cached"  # scenario

        [start]
        samples = 2  # command line
        warmups = 1  # built in
        timeout = "1m"  # built in
        env = { "GREETING" = "a \"quoted\" word" }  # scenario

        [start.ready]
        http = "/health"  # scenario
        port = 8000  # scenario
        status = [200]  # built in
        body-contains = "ok"  # scenario

        [gate]
        "step.edit source.time" = { worse-by = "5%", at-least = "10ms" }  # scenario
        "image.size" = { at-most = "10MiB" }  # scenario
        "##);
    }

    #[test]
    fn resolved_is_a_scenario_again() {
        let folder = scratch();
        let copy = folder.path().join("small");
        for (name, text) in files_below(Path::new(SMALL)) {
            let path = copy.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let resolve = |folder: &Path| {
            let data = Seatrial::new(["show", "--resolved"]).arg(folder).run().data();
            // Where a setting comes from is another thing the second time.
            let values = data
                .lines()
                .map(|line| line.split("  # ").next().unwrap_or_default());
            values.collect::<Vec<_>>().join("\n")
        };
        let resolved = resolve(Path::new(SMALL));
        fs::write(copy.join("scenario.toml"), &resolved).unwrap();
        assert_eq!(resolve(&copy), resolved);
    }

    #[test]
    fn a_named_line_is_resolved_to_what_it_stands_for() {
        let folder = scratch();
        let copy = folder.path().join("small");
        for (name, text) in files_below(Path::new(SMALL)) {
            let path = copy.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let file = copy.join("scenario.toml");
        let text = fs::read_to_string(&file).unwrap();
        let states = "[start]\ncache = [\"cold-pull\", \"warm\"]\npull = { profile = \"edge\", latency = \"1ms\", jitter = \"2ms\" }\n";
        let text = text.replacen("[start]\n", states, 1);
        assert!(text.contains(states), "{text}");
        let mut resolved = text;
        for _ in 0..2 {
            fs::write(&file, &resolved).unwrap();
            resolved = Seatrial::new(["show", "--resolved"]).arg(&copy).run().data();
            let line = "[start.pull]\nbandwidth = \"25Mbit/s\"  # scenario\nlatency = \"1ms\"  # scenario\njitter = \"2ms\"  # scenario\n";
            assert!(resolved.contains(line), "{resolved}");
        }
    }

    #[test]
    fn companions_are_told_with_what_they_are_made_of_and_where_each_setting_comes_from() {
        let weights = "scenarios/model-weights";
        let told = Seatrial::new(["show", weights]).run().data();
        let line = "  companion weights, base python: ready at /model.bin on port 9000 within 60.0 s\n";
        assert!(told.contains(line), "{told}");
        let resolved = Seatrial::new(["show", "--resolved", weights]).run().data();
        let (_, companion) = resolved.split_once("[[start.companion]]\n").unwrap();
        let expected = [
            "name = \"weights\"  # scenario",
            "base = \"python\"  # scenario",
            "port = 9000  # scenario",
            "timeout = \"1m\"  # scenario",
        ];
        assert_eq!(companion.lines().take(4).collect::<Vec<_>>(), expected);
        let status = "[start.companion.ready]\nhttp = \"/model.bin\"  # scenario\nport = 9000  # scenario\n\
                      method = \"HEAD\"  # scenario\nstatus = [200]  # built in\n";
        assert!(companion.contains(status), "{companion}");
    }

    fn files_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut files = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else {
                    let name = path.strip_prefix(&root).expect("a path below it").to_owned();
                    files.push((name, fs::read(&path).expect("a file")));
                }
            }
        }
        files
    }
}

mod list {
    use super::*;

    #[test]
    fn names_what_is_there() {
        insta::assert_snapshot!(Seatrial::line("list tests/fixtures/scenarios").run(), @"
        exit 0
        --- stdout
        tests/fixtures/scenarios/five-mistakes  5 mistakes, which `seatrial check` names
        tests/fixtures/scenarios/small  A small scenario: one edit, two orders  [cache, small]
        ");
    }

    #[test]
    fn a_tag_selects() {
        insta::assert_snapshot!(Seatrial::line("list tests/fixtures/scenarios --tag small --json").run(), @r#"
        exit 0
        --- stdout
        [
          {
            "path": "tests/fixtures/scenarios/small",
            "title": "A small scenario: one edit, two orders",
            "tags": [
              "cache",
              "small"
            ],
            "variants": [
              "plain",
              "ordered"
            ],
            "mistakes": 0
          }
        ]
        "#);
    }

    #[test]
    fn an_empty_folder_is_told() {
        let folder = scratch();
        insta::assert_snapshot!(Seatrial::line("list").arg(folder.path()).redact(folder.path(), 't').run(), @"
        exit 2
        --- stderr
        error: there is no scenario in `ttttttttttttttt` or below
          hint: a scenario is a folder with a file `scenario.toml`
        ");
    }
}

#[test]
fn schema_is_the_committed_one() {
    let printed = Seatrial::line("schema").run().data();
    let committed = fs::read_to_string("docs/scenario.schema.json").unwrap();
    assert!(printed == committed, "docs/scenario.schema.json has drifted");
    let schema: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert!(schema["properties"]["variant"].is_object(), "{schema}");
}

mod context {
    use super::*;
    use command::Told;

    /// A context with an ignore file, an exception, and a folder of many files.
    fn folder() -> tempfile::TempDir {
        let folder = scratch();
        for (path, text) in [
            (
                ".dockerignore",
                "# what a build does not need\ndocs\n!docs/kept.md\n**/*.log\nnothing\n",
            ),
            ("app/main.py", "print('ahoy')\n"),
            ("app/run.log", "a line\n"),
            ("docs/kept.md", "kept\n"),
            ("docs/long.md", "a longer text than the others\n"),
            ("web.Dockerfile", "FROM scratch\nCOPY . /\n"),
            ("web.Dockerfile.dockerignore", "app\n"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            fs::write(path, text).expect("a file in it");
        }
        folder
    }

    fn context(arguments: &[&str]) -> Told {
        let folder = folder();
        let command = Seatrial::new(["context", "."].iter().chain(arguments));
        command.within(folder.path()).run()
    }

    #[test]
    fn tells_what_is_kept_and_what_each_rule_drops() {
        insta::assert_snapshot!(context(&[]), @"
        exit 0
        --- stdout
        context .
          before ignoring       147 B         7 files
          kept                  110 B         5 files
          dropped                37 B         2 files

        ./.dockerignore
          line 2         30 B         1 file   docs
          line 4          7 B         1 file   **/*.log
          line 5          0 B         0 files  nothing

        heaviest kept paths
                65 B  .dockerignore
                22 B  web.Dockerfile
                14 B  app/main.py
                 5 B  docs/kept.md
                 4 B  web.Dockerfile.dockerignore
        ");
    }

    #[test]
    fn the_ignore_file_beside_a_dockerfile_goes_before() {
        insta::assert_snapshot!(context(&["--file", "web.Dockerfile", "--heaviest", "2"]), @"
        exit 0
        --- stdout
        context .
          before ignoring       147 B         7 files
          kept                  126 B         5 files
          dropped                21 B         2 files

        web.Dockerfile.dockerignore
          line 1         21 B         2 files  app

        heaviest kept paths
                65 B  .dockerignore
                30 B  docs/long.md
        ");
    }

    #[test]
    fn lists_kept_paths_by_line_or_by_nul() {
        insta::assert_snapshot!(context(&["--list"]), @"
        exit 0
        --- stdout
        .dockerignore
        app
        app/main.py
        docs
        docs/kept.md
        web.Dockerfile
        web.Dockerfile.dockerignore
        ");
        let lines = context(&["--list"]).data();
        let nuls = context(&["--list", "-0"]).data();
        assert_eq!(nuls, lines.replace('\n', "\0"));
    }

    #[test]
    fn explains_paths() {
        let told = context(&[
            "--explain",
            "app/main.py",
            "--explain",
            "docs/long.md",
            "--explain",
            "docs/kept.md",
            "--explain",
            "app/run.log",
        ]);
        insta::assert_snapshot!(told, @"
        exit 0
        --- stdout
        app/main.py: kept, no rule matches
        docs/long.md: dropped by line 2: `docs`, which matches a folder above it
        docs/kept.md: kept by line 3: `!docs/kept.md`
        app/run.log: dropped by line 4: `**/*.log`
        ");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        insta::assert_snapshot!(Seatrial::line("context nowhere").run(), @"
        exit 2
        --- stderr
        error: cannot read the context `nowhere`: No such file or directory (os error 2)
        ");
        insta::assert_snapshot!(Seatrial::line("context nowhere --list").run(), @"
        exit 2
        --- stderr
        error: cannot read the context `nowhere`: No such file or directory (os error 2)
        ");
    }
}

mod output {
    use super::*;

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        for line in [
            "--help",
            "schema",
            "list scenarios",
            "plan scenarios/quickstart",
            "plan scenarios/quickstart --json",
            "show scenarios/quickstart --resolved",
            "check scenarios/quickstart",
            "context scenarios/quickstart/context",
            "context scenarios/quickstart/context --list",
        ] {
            let told = Seatrial::line(line).run_unread();
            assert_eq!(
                (told.code, told.stderr.as_str()),
                (Some(0), ""),
                "`{line}`: {told}"
            );
        }
    }

    #[test]
    fn on_a_terminal_mistakes_are_coloured_unless_no_color_says_otherwise() {
        for (no_color, coloured) in [(None, true), (Some(""), true), (Some("1"), false)] {
            let told = Seatrial::new(["check", MISTAKES]).on_terminal(no_color);
            assert_eq!(told.code, Some(2), "{told}");
            assert!(told.stdout.contains("platfrom"), "{told}");
            assert_eq!(
                told.stdout.contains('\u{1b}'),
                coloured,
                "NO_COLOR={no_color:?}: {told}"
            );
        }
    }

    #[test]
    fn in_a_pipe_fits_eighty_columns_and_has_no_escape_sequences() {
        for line in [
            "plan scenarios/quickstart",
            "plan tests/fixtures/scenarios/small",
            "context scenarios/quickstart/context",
            "list nowhere",
            "clean",
        ] {
            Seatrial::line(line).run().fits_a_pipe();
        }
    }
}
