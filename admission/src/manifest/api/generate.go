// Writes fields.txt: the fields of workloads in each version of Kubernetes, out of the types of its API.
//
//	go run generate.go > fields.txt
//
// Only the standard library, so that it runs as a single file. It reads the modules k8s.io/api and k8s.io/apimachinery
// of every version, and the feature gates of two versions of k8s.io/kubernetes: one has the history of every gate that
// is still there, the older one that of gates removed since. `go mod download` fetches what is not in the module cache.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	oldest = 21
	newest = 37
	// The newest patch release; the cluster of the tests runs the same (tests/cluster/kubernetes/go.mod).
	newestPatch = "2"
)

// Versions whose feature gates are read, newest first: it wins.
var gatesOf = []string{"v1." + strconv.Itoa(newest) + "." + newestPatch, "v1.32.0"}

var kinds = []string{
	"core/v1.Pod", "core/v1.PodTemplate", "core/v1.ReplicationController",
	"apps/v1.Deployment", "apps/v1.StatefulSet", "apps/v1.DaemonSet", "apps/v1.ReplicaSet",
	"batch/v1.Job", "batch/v1.CronJob",
}

// Where the types are: module and folder, by the end of the import path.
var packages = map[string][2]string{
	"core/v1":  {"k8s.io/api", "core/v1"},
	"apps/v1":  {"k8s.io/api", "apps/v1"},
	"batch/v1": {"k8s.io/api", "batch/v1"},
	"meta/v1":  {"k8s.io/apimachinery", "pkg/apis/meta/v1"},
}

// Structs that are written as text, or whose content is free.
var leaves = []string{"meta/v1.Time", "meta/v1.MicroTime", "meta/v1.Duration", "meta/v1.FieldsV1"}

// Gates of fields whose comments do not name them as the others do, from pkg/api/pod/util.go and the strategies in
// pkg/registry: there the API server drops them.
var untagged = map[string]string{
	"batch/v1.JobSpec.backoffLimitPerIndex":                        "JobBackoffLimitPerIndex",
	"batch/v1.JobSpec.managedBy":                                   "JobManagedBy",
	"batch/v1.JobSpec.maxFailedIndexes":                            "JobBackoffLimitPerIndex",
	"batch/v1.JobSpec.podReplacementPolicy":                        "JobPodReplacementPolicy",
	"batch/v1.JobSpec.successPolicy":                               "JobSuccessPolicy",
	"core/v1.Lifecycle.stopSignal":                                 "ContainerStopSignals",
	"core/v1.PodAffinityTerm.matchLabelKeys":                       "MatchLabelKeysInPodAffinity",
	"core/v1.PodAffinityTerm.mismatchLabelKeys":                    "MatchLabelKeysInPodAffinity",
	"core/v1.PodSpec.hostUsers":                                    "UserNamespacesSupport",
	"core/v1.SecurityContext.procMount":                            "ProcMountType",
	"core/v1.TopologySpreadConstraint.matchLabelKeys":              "MatchLabelKeysInPodTopologySpread",
	"core/v1.TopologySpreadConstraint.nodeAffinityPolicy":          "NodeInclusionPolicyInPodTopologySpread",
	"core/v1.TopologySpreadConstraint.nodeTaintsPolicy":            "NodeInclusionPolicyInPodTopologySpread",
	"core/v1.VolumeProjection.podCertificate":                      "PodCertificateRequest",
	"apps/v1.StatefulSetSpec.ordinals":                             "StatefulSetStartOrdinal",
	"apps/v1.StatefulSetSpec.persistentVolumeClaimRetentionPolicy": "StatefulSetAutoDeletePVC",
}

type field struct {
	of    string // the type, if it has fields of its own
	gates []string
}

// The fields of each type of one version, by the names that JSON has.
type version map[string]map[string]field

func main() {
	log.SetFlags(0)
	versions := map[int]version{}
	for minor := oldest; minor <= newest; minor++ {
		patch := "0"
		if minor == newest {
			patch = newestPatch
		}
		versions[minor] = read(fmt.Sprintf("v0.%d.%s", minor, patch))
	}
	merged, gates := merge(versions), gates()
	for name, gate := range untagged {
		at := strings.LastIndex(name, ".")
		life := merged[name[:at]][name[at+1:]]
		if life == nil || gates[gate] == nil {
			log.Fatalf("there is no field %s or no gate %s any more", name, gate)
		}
		life.gates = []string{gate}
	}
	out := bufio.NewWriter(os.Stdout)
	write(out, merged, gates)
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// A field over all versions. `until` is the first version without it, 0 if the newest has it.
type life struct {
	of           string
	since, until int
	gates        []string
}

// Types have been renamed, so the types of two versions are compared along the paths that lead to them.
func merge(versions map[int]version) map[string]map[string]*life {
	merged := map[string]map[string]*life{}
	for minor := newest; minor >= oldest; minor-- {
		seen := map[[2]string]bool{}
		var walk func(name, then string)
		walk = func(name, then string) {
			if seen[[2]string{name, then}] {
				return
			}
			seen[[2]string{name, then}] = true
			fields := merged[name]
			if fields == nil {
				fields = map[string]*life{}
				merged[name] = fields
			}
			for key, found := range versions[minor][then] {
				of := versions[newest][name][key].of
				if fields[key] == nil {
					fields[key] = &life{of: of}
					if minor < newest {
						fields[key].until = minor + 1
					}
				}
				life := fields[key]
				life.since = minor
				for _, gate := range found.gates {
					if !slices.Contains(life.gates, gate) {
						life.gates = append(life.gates, gate)
					}
				}
				if of != "" && found.of != "" {
					walk(of, found.of)
				}
			}
		}
		for _, kind := range kinds {
			walk(kind, kind)
		}
	}
	return merged
}

func write(out *bufio.Writer, types map[string]map[string]*life, gates map[string][]string) {
	fmt.Fprintf(out, "# Fields of workloads in Kubernetes 1.%d to 1.%d.\n", oldest, newest)
	fmt.Fprintf(out, "# Generated from k8s.io/api v0.%d.%s and older: go run generate.go > fields.txt\n", newest, newestPatch)
	short := map[string]string{}
	taken := map[string]string{}
	for name := range types {
		short[name] = name[strings.LastIndex(name, ".")+1:]
		if other := taken[short[name]]; other != "" {
			log.Fatalf("two types are called %s: %s and %s", short[name], name, other)
		}
		taken[short[name]] = name
	}
	used := map[string]bool{}
	for _, name := range sorted(taken) {
		fmt.Fprintf(out, "\n%s\n", name)
		fields := types[taken[name]]
		for _, key := range sorted(fields) {
			life := fields[key]
			fmt.Fprintf(out, "  %s", key)
			if life.of != "" {
				fmt.Fprintf(out, " of=%s", short[life.of])
			}
			if life.since > oldest {
				fmt.Fprintf(out, " since=%d", life.since)
			}
			if life.until > 0 {
				fmt.Fprintf(out, " until=%d", life.until)
			}
			slices.Sort(life.gates)
			for _, gate := range life.gates {
				// What is not listed any more was on for good, before the oldest version of which gates are read.
				if len(gates[gate]) > 0 {
					used[gate] = true
					fmt.Fprintf(out, " gate=%s", gate)
				}
			}
			fmt.Fprintln(out)
		}
	}
	fmt.Fprintln(out, "\nGATES")
	for _, gate := range sorted(used) {
		fmt.Fprintf(out, "  %s %s\n", gate, strings.Join(gates[gate], " "))
	}
}

func sorted[V any](of map[string]V) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// The folder of a module, downloaded if need be.
func module(path, version string) string {
	output, err := exec.Command("go", "mod", "download", "-json", path+"@"+version).Output()
	var found struct{ Dir, Error string }
	if json.Unmarshal(output, &found) != nil || found.Dir == "" {
		log.Fatalf("go mod download %s@%s: %v %s", path, version, err, found.Error)
	}
	return found.Dir
}

func read(of string) version {
	types := version{}
	inlined := map[string][]string{}
	dirs := map[string]string{}
	for name, place := range packages {
		if dirs[place[0]] == "" {
			dirs[place[0]] = module(place[0], of)
		}
		files, err := filepath.Glob(filepath.Join(dirs[place[0]], place[1], "*.go"))
		if err != nil || len(files) == 0 {
			log.Fatalf("%s %s has no Go files: %v", name, of, err)
		}
		for _, file := range files {
			if base := filepath.Base(file); !strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, "zz_") && !strings.HasPrefix(base, "generated.") {
				types.add(name, file, inlined)
			}
		}
	}
	for name := range inlined {
		types.inline(name, inlined)
	}
	for name := range types {
		for key, field := range types[name] {
			if types[field.of] == nil || slices.Contains(leaves, field.of) || key == "status" {
				field.of = ""
				types[name][key] = field
			}
		}
	}
	return types
}

// Adds the structs of one file. What they inline is noted, because it may be in a file that is yet to be read.
func (types version) add(pkg, file string, inlined map[string][]string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		log.Fatal(err)
	}
	imports := map[string]string{}
	for _, spec := range parsed.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		parts := strings.Split(path, "/")
		name := parts[len(parts)-1]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if len(parts) > 1 {
			imports[name] = strings.Join(parts[len(parts)-2:], "/")
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if body, ok := spec.Type.(*ast.StructType); ok {
			name := pkg + "." + spec.Name.Name
			types[name] = map[string]field{}
			for _, written := range body.Fields.List {
				of := typeName(pkg, imports, written.Type)
				key, isInline := jsonName(written)
				if isInline {
					inlined[name] = append(inlined[name], of)
				} else if key != "" {
					types[name][key] = field{of, featureGates(written.Doc)}
				}
			}
		}
		return true
	})
}

func (types version) inline(name string, inlined map[string][]string) {
	for _, of := range inlined[name] {
		types.inline(of, inlined)
		for key, field := range types[of] {
			types[name][key] = field
		}
	}
}

// The type that a value, or each item of a list, has; empty for maps, whose keys are free.
func typeName(pkg string, imports map[string]string, expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.StarExpr:
		return typeName(pkg, imports, expr.X)
	case *ast.ArrayType:
		return typeName(pkg, imports, expr.Elt)
	case *ast.Ident:
		return pkg + "." + expr.Name
	case *ast.SelectorExpr:
		return imports[expr.X.(*ast.Ident).Name] + "." + expr.Sel.Name
	}
	return ""
}

func jsonName(field *ast.Field) (name string, isInline bool) {
	if field.Tag == nil {
		return "", false
	}
	tag, _ := strconv.Unquote(field.Tag.Value)
	name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
	// An embedded struct without a name is inlined, whether or not its tag says so.
	isInline = name == "" && (len(field.Names) == 0 || strings.Contains(options, "inline"))
	return strings.TrimPrefix(name, "-"), isInline
}

func featureGates(doc *ast.CommentGroup) []string {
	if doc == nil {
		return nil
	}
	var gates []string
	for _, comment := range doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if gate, is := strings.CutPrefix(text, "+featureGate="); is {
			gates = append(gates, strings.TrimSpace(gate))
		}
	}
	return gates
}

var (
	head = regexp.MustCompile(`^\t(?:\w+\.)?(\w+): \{$`)
	spec = regexp.MustCompile(`Version: version\.MustParse\("1\.(\d+)"\), Default: (true|false)`)
)

// Of each gate the versions in which its default changes: `33:off`, `35:on`.
func gates() map[string][]string {
	all := map[string][]string{}
	for _, of := range gatesOf {
		files, err := filepath.Glob(filepath.Join(module("k8s.io/kubernetes", of), "pkg/features/*kube_features.go"))
		if err != nil || len(files) == 0 {
			log.Fatalf("k8s.io/kubernetes %s has no feature gates: %v", of, err)
		}
		found := map[string][]string{}
		for _, file := range files {
			readGates(file, found)
		}
		for gate, changes := range found {
			if all[gate] == nil {
				all[gate] = changes
			}
		}
	}
	return all
}

func readGates(file string, into map[string][]string) {
	text, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	gate, last := "", ""
	for _, line := range strings.Split(string(text), "\n") {
		if match := head.FindStringSubmatch(line); match != nil {
			gate, last = match[1], ""
		} else if match := spec.FindStringSubmatch(line); match != nil && gate != "" {
			if match[2] != last {
				into[gate] = append(into[gate], match[1]+":"+map[string]string{"true": "on", "false": "off"}[match[2]])
			}
			last = match[2]
		}
	}
}
