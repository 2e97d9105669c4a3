//! Package managers of Node.js in front of the application: what each makes of SIGTERM was measured.
//!
//! `policies/grace-period/README.md` has the table, by version and by the shell that is the image's `sh`.

use crate::{
    command::{Program, word_pointer},
    image,
    timeline::Timeline,
};
use plimsoll_policy::{Pointer, image::Parts, shell::base_name, workload::Container};

/// A package manager that runs the scripts of a `package.json`.
struct Manager {
    name: &'static str,
    /// Options whose value is the next word.
    valued: &'static [&'static str],
    /// It runs a script by its bare name, whatever that is: `yarn serve`.
    by_bare_name: bool,
    /// What becomes of SIGTERM where `sh` is dash, as in images built on Debian.
    with_dash: &'static str,
    /// And where it is busybox, as in images built on Alpine; none where the signal arrives.
    with_busybox: Option<&'static str>,
}

static MANAGERS: [Manager; 3] = [
    Manager {
        name: "npm",
        valued: &["--prefix", "-C", "-w", "--workspace"],
        by_bare_name: false,
        with_dash: "it runs the script behind `sh`, and where that is dash, as in images built on Debian, SIGTERM ends the \
                    shell and the application is killed without hearing of it",
        with_busybox: None,
    },
    Manager {
        name: "pnpm",
        valued: &["-C", "--dir", "-F", "--filter"],
        by_bare_name: true,
        with_dash: "it runs the script behind `sh`, and where that is dash, as in images built on Debian, it ends at SIGTERM \
                    before the application has stopped, which is then killed",
        with_busybox: None,
    },
    Manager { name: "yarn", valued: &["--cwd"], by_bare_name: true, with_dash: YARN, with_busybox: Some(YARN) },
];

const YARN: &str = "yarn 1 ends at SIGTERM before the application has stopped, which is then killed (yarn 3 and 4 wait for \
                    it)";

/// Scripts that run an application.
const SCRIPTS: [&str; 5] = ["start", "serve", "dev", "preview", "prod"];

/// Why SIGTERM does not do what it should, and where the manager stands; none where no manager runs, or the signal
/// arrives.
pub(crate) fn swallows(timeline: &Timeline<'_>) -> Option<(String, Pointer)> {
    let container = timeline.container;
    if !runs_the_words(container) || signals_the_group(container) {
        return None;
    }
    let (program, manager) = timeline.line.programs.iter().find_map(|program| Some((program, managing(program)?)))?;
    let why = match image::has_busybox(&container.image) {
        true => manager.with_busybox?,
        false => manager.with_dash,
    };
    let words = container.command.len() + container.args.len();
    let at = timeline.line.script.as_ref().map_or(words.saturating_sub(program.words.len()), |script| script.index);
    Some((format!("`{}` stands in front of the application: {why}", manager.name), word_pointer(container, at)))
}

/// Without a command the image's entrypoint gets the words; that of Node.js' own image runs them.
fn runs_the_words(container: &Container) -> bool {
    !container.command.is_empty() || Parts::of(&container.image).base_name() == "node"
}

/// An init process that sends SIGTERM to the application too: what follows from that was not measured.
fn signals_the_group(container: &Container) -> bool {
    let mut words = container.argv();
    match words.next().map(base_name) {
        Some("dumb-init") => true,
        Some("tini") => words.take_while(|word| word.starts_with('-')).any(|word| word.contains('g')),
        _ => false,
    }
}

fn managing(program: &Program) -> Option<&'static Manager> {
    let manager = MANAGERS.iter().find(|manager| manager.name == program.name())?;
    let mut words = program.arguments().iter().map(|word| &*word.text);
    let mut word = words.next()?;
    while word.starts_with('-') {
        if manager.valued.contains(&word) {
            words.next();
        }
        word = words.next()?;
    }
    let is_script = |word: &str| SCRIPTS.contains(&word.split(':').next().unwrap_or_default());
    let runs = match word {
        "start" | "run" | "run-script" => true,
        name => manager.by_bare_name && is_script(name),
    };
    runs.then_some(manager)
}

#[cfg(test)]
mod tests {
    use crate::{
        sample::{container, deployment, found, messages},
        signals::SWALLOWED,
    };
    use expect_test::expect;

    fn swallowed(image: &str, command: &str) -> bool {
        let (command, script) = command.split_once(" -c ").map_or((command, None), |(sh, text)| (sh, Some(text)));
        let words: Vec<&str> = command.split_whitespace().chain(script.map(|_| "-c")).chain(script).collect();
        let app = container("app").image(image).command(&words);
        !found(&deployment(60).with(app).build(), &SWALLOWED).is_empty()
    }

    #[test]
    fn a_package_manager_in_front_of_the_application_is_found() {
        for (command, on_debian, on_alpine) in [
            ("npm start", true, false),
            ("npm run start:prod", true, false),
            ("npm --prefix /app run serve", true, false),
            ("/usr/local/bin/npm start", true, false),
            ("tini -- npm start", true, false),
            ("sh -c cd /app && npm start", true, false),
            ("sh -c npm run migrate && exec npm start", true, false),
            ("pnpm start", true, false),
            ("pnpm --filter web start", true, false),
            ("yarn start", true, true),
            ("yarn serve", true, true),
            ("yarn start:prod", true, true),
            ("npm ci", false, false),
            ("yarn install", false, false),
            ("yarn", false, false),
            ("npm serve", false, false),
            ("tini -g -- npm start", false, false),
            ("dumb-init npm start", false, false),
            ("sh -c npm run build && exec node server.js", false, false),
            ("node server.js npm start", false, false),
        ] {
            let found = (swallowed("registry.example/web:1.2.3", command), swallowed("node:22.3.0-alpine", command));
            assert_eq!(found, (on_debian, on_alpine), "{command}");
        }
    }

    #[test]
    fn arguments_are_a_command_where_the_image_runs_them() {
        let count = |image: &str| {
            let app = container("app").image(image).args(&["npm", "start"]);
            found(&deployment(60).with(app).build(), &SWALLOWED).len()
        };
        assert_eq!((count("node:22.3.0"), count("registry.example/web:1.2.3")), (1, 0));
    }

    #[test]
    fn says_what_was_measured() {
        let shown =
            |command: &[&str]| messages(&deployment(60).with(container("app").command(command)).build(), &SWALLOWED);
        let all = [shown(&["npm", "start"]), shown(&["pnpm", "start"]), shown(&["yarn", "start"])];
        expect![[r#"
            `npm` stands in front of the application: it runs the script behind `sh`, and where that is dash, as in images built on Debian, SIGTERM ends the shell and the application is killed without hearing of it
            `pnpm` stands in front of the application: it runs the script behind `sh`, and where that is dash, as in images built on Debian, it ends at SIGTERM before the application has stopped, which is then killed
            `yarn` stands in front of the application: yarn 1 ends at SIGTERM before the application has stopped, which is then killed (yarn 3 and 4 wait for it)"#]].assert_eq(&all.join("\n"));
    }

    #[test]
    fn work_that_ends_may_run_behind_one() {
        let app = container("app").command(&["npm", "run", "start"]);
        assert_eq!(found(&deployment(60).with(app).job().build(), &SWALLOWED), []);
    }
}
