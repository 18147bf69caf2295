//! A registry gets the user's login, and nothing else does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::daemon::{daemon, unique};
use crate::stub_registry::{Answer, StubRegistry};
use crate::support::text;
use crate::trial::Trial;

/// A registry that wants a login and has no image.
fn registry() -> StubRegistry {
    StubRegistry::start(|asked| {
        let status = match (&asked.login, asked.method.as_str()) {
            (None, _) => "401 Unauthorized",
            (Some(_), "POST" | "PUT") => "403 Forbidden",
            (Some(_), _) => "404 Not Found",
        };
        Answer::Says(
            status,
            "WWW-Authenticate: Basic realm=\"trial\"\r\n".to_owned(),
            Vec::new(),
        )
    })
}

/// The logins that a registry was told, as the header carries them.
fn logins(registry: &StubRegistry) -> Vec<String> {
    let mut logins: Vec<_> = registry
        .asked()
        .into_iter()
        .filter_map(|asked| asked.login)
        .collect();
    logins.dedup();
    logins
}

#[test]
fn logins_of_the_docker_command_reach_the_registry_alone() {
    let Some(_daemon) = daemon() else { return };
    // The builder fetches a base by itself, the engine pulls it before, or it pushes an image with its cache.
    for (is_helper, is_pulled, is_pushed) in [
        (false, false, false),
        (true, false, false),
        (false, true, false),
        (false, false, true),
    ] {
        let registry = registry();
        let password = unique("password");
        let login = format!("someone:{password}");
        let base64 = {
            let mut encode = std::process::Command::new("sh");
            encode.args(["-c", "printf %s \"$1\" | base64 --wrap=0", "sh", &login]);
            text(&crate::support::output_of(&mut encode).stdout)
        };
        let address = &registry.address;
        let config = if is_helper {
            format!("{{\"credHelpers\": {{\"{address}\": \"trial\"}}}}")
        } else {
            format!("{{\"auths\": {{\"{address}\": {{\"auth\": \"{base64}\"}}}}}}")
        };
        let image = format!("{address}/trial/{}:1", unique("base"));
        let base = format!("[base.b]\nimage = \"{image}\"\n");
        let pushes = format!(
            "[build.remote-cache]\ntype = \"inline\"\nrepository = \"{address}/trial/cache\"\n\
             [[build.step]]\nname = \"cold\"\ncache = {{ layers = \"empty\", context = \"absent\" }}\nexport-cache = true\n"
        );
        let scenario = [
            "schema = 1\ntitle = \"Logins\"\ncontext.path = \"context\"\n",
            if is_pulled { &base } else { "" },
            if is_pushed { &pushes } else { "" },
            "[[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n",
        ]
        .concat();
        let from = if is_pulled {
            "ARG B\nFROM ${B}"
        } else if is_pushed {
            "FROM scratch"
        } else {
            &format!("FROM {image}")
        };
        let trial = Trial::new(&[
            ("scenario.toml", &scenario),
            ("Dockerfile", &format!("{from}\nCOPY . /\n")),
            ("context/note.txt", ""),
            ("../config/config.json", &config),
            (
                "../bin/docker-credential-trial",
                "#!/bin/sh\nread -r server\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"someone\",\"Secret\":\"%s\"}' \
                 \"$server\" \"$TRIAL_PASSWORD\"\n",
            ),
        ]);
        let folder = trial.scenario().parent().unwrap().to_owned();
        let helper = folder.join("bin/docker-credential-trial");
        fs::set_permissions(helper, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!(
            "{}:{}",
            folder.join("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let trial = trial
            .with_variable("DOCKER_CONFIG", &folder.join("config").display().to_string())
            .with_variable("TRIAL_PASSWORD", &password)
            .with_variable("PATH", &path);
        let ended = trial.run(&["--quick"]);
        // The registry takes the login, has no such image, and takes none.
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            logins(&registry),
            [format!("Basic {base64}")],
            "{is_helper} {is_pulled} {is_pushed}: {ended:?}"
        );
        let mut said = ended.stdout + &ended.stderr;
        for entry in fs::read_dir(trial.report()).unwrap() {
            said += &String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap());
        }
        assert!(!said.contains(&password) && !said.contains(&base64), "{said}");
    }
}
