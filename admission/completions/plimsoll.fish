# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_plimsoll_global_optspecs
    string join \n V/version verbose h/help
end

function __fish_plimsoll_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_plimsoll_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_plimsoll_using_subcommand
    set -l cmd (__fish_plimsoll_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c plimsoll -n "__fish_plimsoll_needs_command" -s V -l version -d 'Print the version'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -l verbose -d 'With --version: also what the built-in policies were built from'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "scan" -d 'Judge the manifests in files, folders and standard input, or what runs in a cluster'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "explain" -d 'Print a rule\'s or a policy\'s page; without a name the table of all rules'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "lsp" -d 'Show findings in an editor: a server of the Language Server Protocol on standard input and output'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "man" -d 'Print the man page, or write one for each command into a folder'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "serve" -d 'Run the validating admission webhook'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "webhook" -d 'How the API server calls the webhook'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "release" -d 'Watch a release to its true end: is it finished, has it failed and why, or what is it stuck on?'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "doctor" -d 'Check an installation of the webhook: is it called, trusted, and limited to workloads, and will it keep working?'
complete -c plimsoll -n "__fish_plimsoll_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l helm -d 'Render a chart with your `helm template`, and judge that: a folder, an archive, whatever Helm takes' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l values -d 'With --helm: a file of values; may be repeated' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l set -d 'With --helm: a value; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l kustomize -d 'Render a kustomization with your `kustomize build`, or `kubectl kustomize`, and judge that; may be repeated' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l kubeconfig -d 'The kubeconfig; else the files of KUBECONFIG, or ~/.kube/config' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l context -d 'Another context than the current one' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l config -d 'The configuration; else plimsoll.yaml in this folder or the nearest one above' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l profile -d 'Which set of levels; wins over the configuration' -r -f -a "default\t''
strict\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l rule -d 'A rule\'s level (deny, warn, note or off); wins over the configuration; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l kubernetes -d 'The version of Kubernetes that the manifests are for, such as 1.35; wins over the configuration' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l fail-on -d 'The lowest level that makes the exit code 1' -r -f -a "deny\t''
warn\t''
never\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s f -l format -d 'How to report, and the file to write; may be repeated' -r -f -a "text\t'for people: each finding with its line, then a summary'
json\t'for programs: one document, as docs/schema/scan-report-1.json describes it'
ndjson\t'for programs that read a stream: one finding a line, the summary last'
sarif\t'for code scanning: open findings as SARIF 2.1.0'
junit\t'for test reports: a case for each finding and each workload without one'
github\t'for a step of GitHub Actions: the gravest findings as annotations'
gitlab\t'for GitLab\'s code quality report: open findings'
markdown\t'for a comment on a pull request: a table, bounded in length'
html\t'for a browser: one page with search and filters, which loads nothing'
openreports\t'for dashboards, with --cluster: a Report of openreports.io per namespace'
policyreport\t'the same as a PolicyReport of the older group wgpolicyk8s.io'"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l fix -d 'Write the safe fixes that rules offer into the files, or all fixes, and report what is left' -r -f -a "safe\t'Those that cannot change what the author meant'
all\t'Also those that somebody should look at'"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l diff -d 'Show what --fix would change as a diff, instead of a report' -r -f -a "safe\t'Those that cannot change what the author meant'
all\t'Also those that somebody should look at'"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l baseline -d 'Report only what this baseline does not have' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l write-baseline -d 'Write what is found now as a baseline: from then on it does not count' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s n -l namespace -d 'The namespace of objects that do not write one, as `helm template` leaves them; with --cluster, one to audit: may be repeated, and is that of the context unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l exclude -d 'Leave out what matches this glob, beside `exclude` of the configuration; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s j -l threads -d 'How many threads; one per core unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l stdin-filename -d 'What to call standard input' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l color -d 'When to use colour; `auto` asks the terminal and NO_COLOR' -r -f -a "auto\t''
always\t''
never\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l cluster -d 'Judge what runs in the cluster of the current context: what would the webhook refuse?'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s A -l all-namespaces -d 'With --cluster: all namespaces but kube-system, which the webhook is never asked about'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l apply -d 'With --cluster and `-f openreports` or `-f policyreport`: write these reports into the cluster, and remove those that are stale'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l sarif-suppressed -d 'In SARIF, also what is excepted or in the baseline, as suppressed results; GitHub would show them as open'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l hidden -d 'Look into hidden files and folders'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l no-ignore -d 'Do not respect .gitignore and .ignore'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l strict-yaml -d 'Parse every document, also those of kinds that are not judged'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l allow-empty -d 'Accept an input in which there is nothing to judge'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s q -l quiet -d 'No summary and no notes'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l notes -d 'Report notes in full'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -l stats -d 'Say on standard error where the time went'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand explain" -l config -d 'The configuration; else plimsoll.yaml in this folder or the nearest one above' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand explain" -l profile -d 'Which set of levels; wins over the configuration' -r -f -a "default\t''
strict\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand explain" -l rule -d 'A rule\'s level (deny, warn, note or off); wins over the configuration; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand explain" -l color -d 'When to use colour; `auto` asks the terminal and NO_COLOR' -r -f -a "auto\t''
always\t''
never\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand explain" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand lsp" -l config -d 'The configuration; else plimsoll.yaml in this folder or the nearest one above' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand lsp" -l profile -d 'Which set of levels; wins over the configuration' -r -f -a "default\t''
strict\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand lsp" -l rule -d 'A rule\'s level (deny, warn, note or off); wins over the configuration; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand lsp" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand completions" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand man" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l config -d 'The configuration; without one, the built-in policies with their default settings' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l profile -d 'Which set of levels; wins over the configuration' -r -f -a "default\t''
strict\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l listen -d 'Where the API server calls: TLS, `POST /validate`; port 0 picks a free one' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l admin -d 'Where health and metrics are: plain HTTP, /livez, /readyz, /startupz, /metrics' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l tls-dir -d 'A folder with tls.crt and tls.key; client-ca.crt there lets only its clients call' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l tls-self-managed -d 'Make certificates, keep them in this Secret, and tell the API server to trust them' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l service -d 'With --tls-self-managed: the Service that the API server calls' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l webhook-configuration -d 'With --tls-self-managed: the ValidatingWebhookConfiguration to write the CA into' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l drain-delay -d 'How long to keep serving after SIGTERM, until all API servers call another replica' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l shutdown-timeout -d 'How long calls in flight have after that' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l timeout -d 'The longest that an answer takes; less where the API server says so' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l on-failure -d 'What to answer where a policy gives no verdict and the configuration does not say' -r -f -a "allow\t''
deny\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l concurrency -d 'How many reviews to judge at one time; one per core that the process may use unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l queue -d 'How many reviews may wait; 32 for each that is judged unless given. More are refused with 429' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -l log -d 'What to log: error, warn, info, debug, or a list such as `info,plimsoll=debug`' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and not __fish_seen_subcommand_from manifest help" -s h -l help -d 'Print help'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and not __fish_seen_subcommand_from manifest help" -f -a "manifest" -d 'Print the smallest ValidatingWebhookConfiguration for what is judged'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and not __fish_seen_subcommand_from manifest help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l config -d 'The configuration; else plimsoll.yaml in this folder or the nearest one above' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l name -d 'Name of the ValidatingWebhookConfiguration; with --static, the end `.static.k8s.io` is added' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l namespace -d 'Where the webhook runs; left alone like kube-system' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l service -d 'The Service in front of it' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l url -d 'With --static: where the API server reaches the webhook, such as https://10.0.0.1:8443/validate' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l failure-policy -d 'What becomes of a call that gets no answer: ignore or fail' -r -f -a "ignore\t''
fail\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l ca-bundle -d 'PEM of the CA that signed its certificate; left out where cert-manager or `serve` itself writes it' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -l static -d 'A file for the folder `staticManifestsDir` of the API server (Kubernetes 1.37), which nobody can delete from inside the cluster'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from manifest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "manifest" -d 'Print the smallest ValidatingWebhookConfiguration for what is judged'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand webhook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -s n -l namespace -d 'The namespace of the release, and of objects that name none; the context\'s unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l revision -d 'Watch this revision, which may still have to appear; the newest one unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l manifest -d 'Watch the objects of a rendered manifest instead of a Helm release; `-` is standard input' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l after -d 'A Job that every workload waits for, beside those that init containers name; may be repeated' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l timeout -d 'How long all of it may take' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l appear-timeout -d 'How long the release, and each part of it, may take to appear' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l stable-for -d 'How long everything must stay ready without a restart' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l until -d 'What is enough: a new pod of each workload, half of them, or all of them, stable, and no old one left' -r -f -a "available\t''
half\t''
complete\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -s f -l format -d 'How to report the end; changes go to standard error, with text and ndjson to standard output' -r -f -a "text\t'for people: lines in CI, a tree on a terminal'
json\t'one document at the end'
ndjson\t'a JSON line for each change, and one at the end'
junit\t'a test case for each part'
github\t'annotations of GitHub Actions'"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l kubeconfig -d 'The kubeconfig; else the files of KUBECONFIG, or ~/.kube/config' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l context -d 'Another context than the current one' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l color -d 'When to use colour; `auto` asks the terminal and NO_COLOR' -r -f -a "auto\t''
always\t''
never\t''"
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -l no-drained -d 'Do not wait until the last old pod is gone'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l config -d 'The configuration of the webhook, for the kinds that it is asked about; else plimsoll.yaml in this folder or the nearest one above' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l name -d 'Name of the ValidatingWebhookConfiguration and of the Deployment' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -s n -l namespace -d 'Where the webhook runs' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l secret -d 'The Secret with its certificate; NAME-tls unless given' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l probe-namespace -d 'Where to try the unfit Deployment' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l kubeconfig -d 'The kubeconfig; else the files of KUBECONFIG, or ~/.kube/config' -r -F
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -l context -d 'Another context than the current one' -r
complete -c plimsoll -n "__fish_plimsoll_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "scan" -d 'Judge the manifests in files, folders and standard input, or what runs in a cluster'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "explain" -d 'Print a rule\'s or a policy\'s page; without a name the table of all rules'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "lsp" -d 'Show findings in an editor: a server of the Language Server Protocol on standard input and output'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "completions" -d 'Print the completions of a shell'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "man" -d 'Print the man page, or write one for each command into a folder'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "serve" -d 'Run the validating admission webhook'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "webhook" -d 'How the API server calls the webhook'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "release" -d 'Watch a release to its true end: is it finished, has it failed and why, or what is it stuck on?'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "doctor" -d 'Check an installation of the webhook: is it called, trusted, and limited to workloads, and will it keep working?'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and not __fish_seen_subcommand_from scan explain lsp completions man serve webhook release doctor help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c plimsoll -n "__fish_plimsoll_using_subcommand help; and __fish_seen_subcommand_from webhook" -f -a "manifest" -d 'Print the smallest ValidatingWebhookConfiguration for what is judged'
