// Command generate writes flags.json, feature-gates.json and types.json in ../../src/facts/data from the sources of
// Kubernetes itself.
//
//	go run . [-types=false] [-flags=false] [-gates=false] [-keep DIR] [VERSION...]
//
// For each VERSION it derives a Go module from that version's own go.mod, compiles ./flags and ./gates in it, and merges
// what the compiled programs print. ./types is compiled in this module only. -keep stores what they print in DIR, and
// compiles no version that is there.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// One version of each minor for the flags; the last must be the one of go.mod. The Go module proxy must have it complete.
var versions = []string{"1.20.15", "1.21.14", "1.22.17", "1.23.17", "1.24.17", "1.25.16", "1.26.15", "1.27.16", "1.28.15", "1.29.15",
	"1.30.4", "1.31.0", "1.32.2", "1.33.13", "1.34.4", "1.35.4", "1.36.3", "1.37.2"}

// The newest patch of each minor that the module proxy has: patches bring feature gates, too.
var gateVersions = []string{"1.20.15", "1.21.14", "1.22.17", "1.23.17", "1.24.17", "1.25.16", "1.26.15", "1.27.16", "1.28.15", "1.29.15",
	"1.30.14", "1.31.14", "1.32.13", "1.33.13", "1.34.4", "1.35.4", "1.36.3", "1.37.2"}

const data = "../../src/facts/data"

// Nothing is optimised: it only has to compile fast.
var build = []string{"build", "-trimpath", "-buildvcs=false", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w -checklinkname=0"}

func main() {
	log.SetFlags(log.Ltime)
	doFlags := flag.Bool("flags", true, "write flags.json")
	doGates := flag.Bool("gates", true, "write feature-gates.json")
	doTypes := flag.Bool("types", true, "write types.json")
	keep := flag.String("keep", "", "folder for what the compiled programs print")
	flag.Parse()
	if flag.NArg() > 0 {
		versions, gateVersions = flag.Args(), flag.Args()
	}
	must(os.MkdirAll(data, 0o755))
	if *doTypes {
		must(os.WriteFile(filepath.Join(data, "types.json"), output(".", "go", "run", "-trimpath", "-buildvcs=false", "./types"), 0o644))
	}
	if *doFlags {
		found := map[string][]registered{}
		for _, version := range versions {
			found[version] = kept(*keep, "flags-"+version, func() []registered { return flagsOf(version) })
		}
		must(os.WriteFile(filepath.Join(data, "flags.json"), mergeFlags(found), 0o644))
	}
	if *doGates {
		found := map[string]map[string][]gate{}
		for _, version := range gateVersions {
			found[version] = map[string][]gate{}
			for _, component := range components {
				found[version][component] = kept(*keep, "gates-"+component+"-"+version, func() []gate { return gatesOf(version, component) })
			}
		}
		must(os.WriteFile(filepath.Join(data, "feature-gates.json"), mergeGates(found), 0o644))
	}
}

// kept is what was found before and is stored in a folder, or else what is found now.
func kept[T any](folder, name string, find func() []T) []T {
	if folder == "" {
		return find()
	}
	path := filepath.Join(folder, name+".json")
	var found []T
	if content, err := os.ReadFile(path); err == nil {
		must(json.Unmarshal(content, &found))
		return found
	}
	found = find()
	must(os.MkdirAll(folder, 0o755))
	write(folder, name+".json", []byte(encode(found)))
	return found
}

type registered struct {
	Component, Name, Type, GoType, NoOptDefVal, Shorthand string
}

// throwAwayModule is an empty module that builds k8s.io/kubernetes as it is built itself: with the versions of its go.mod.
func throwAwayModule(version string) (dir string, remove func()) {
	module := moduleOf(version)
	mod := string(read(module.GoMod))
	mod = regexp.MustCompile(`(?m)^module .*`).ReplaceAllString(mod, "module generated")
	mod = regexp.MustCompile(`(?m)=> \./staging/src/(\S+)`).ReplaceAllString(mod, "=> $1 v0."+strings.TrimPrefix(version, "1."))
	// go finds what is imported; the module proxy does not have all of the others
	mod = regexp.MustCompile(`(?m)^\s+k8s\.io/\S+ v0\.0\.0$`).ReplaceAllString(mod, "")
	mod += "\nrequire k8s.io/kubernetes v" + version + "\n"
	dir, err := os.MkdirTemp("", "generated")
	must(err)
	write(dir, "go.mod", []byte(mod))
	write(dir, "go.sum", read(filepath.Join(module.Dir, "go.sum")))
	return dir, func() { os.RemoveAll(dir) }
}

func moduleOf(version string) (module struct{ GoMod, Dir string }) {
	must(json.Unmarshal(output(os.TempDir(), "go", "mod", "download", "-json", "k8s.io/kubernetes@v"+version), &module))
	return module
}

// flagsOf compiles ./flags against one version.
func flagsOf(version string) []registered {
	log.Printf("flags of %s", version)
	dir, remove := throwAwayModule(version)
	defer remove()
	write(dir, "main.go", read("flags/main.go"))
	globalsFile := "flags/globals.go.txt"
	if minorOf(version) < 23 {
		globalsFile = "flags/globals-before-1.23.go.txt"
	}
	write(dir, "globals.go", read(globalsFile))
	globals, _ := os.ReadFile(filepath.Join(moduleOf(version).Dir, "cmd/kube-apiserver/app/options/globalflags.go"))
	if bytes.Contains(globals, []byte("func AddCustomGlobalFlags")) {
		write(dir, "custom.go", read("flags/custom.go.txt"))
	}
	output(dir, "go", append(append([]string{}, build...), "-mod=mod", "-o", "flags", ".")...)
	var found []registered
	for _, line := range bytes.Split(bytes.TrimSpace(output(dir, filepath.Join(dir, "flags"))), []byte("\n")) {
		var f registered
		must(json.Unmarshal(line, &f))
		found = append(found, f)
	}
	return found
}

// A flag as a run of consecutive minor versions has it.
type entry struct {
	Name      string `json:"name"`
	Type      string `json:"type"`
	NoOpt     string `json:"noOptDefVal,omitempty"`
	Shorthand string `json:"shorthand,omitempty"`
	Since     int    `json:"since"` // first minor version of the table that has it so
	Until     int    `json:"until"` // last one
	OS        string `json:"os,omitempty"`
}

func mergeFlags(found map[string][]registered) []byte {
	entries := map[string][]entry{}
	for _, version := range versions {
		minor := minorOf(version)
		for _, f := range append(found[version], onWindows...) {
			e := entry{f.Name, typeName(f), f.NoOptDefVal, f.Shorthand, minor, minor, ""}
			if f.Type == "windows" {
				e.OS = "windows"
			}
			list := entries[f.Component]
			last := -1
			for i := range list {
				same := list[i]
				same.Since, same.Until = minor, minor
				if same == e && list[i].Until == minor-1 {
					last = i
				}
			}
			if last >= 0 {
				list[last].Until = minor
			} else {
				entries[f.Component] = append(list, e)
			}
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"versions\": %s", encode(versions))
	for _, component := range components {
		list := entries[component]
		sort.Slice(list, func(i, j int) bool {
			if list[i].Name != list[j].Name {
				return list[i].Name < list[j].Name
			}
			return list[i].Since < list[j].Since
		})
		fmt.Fprintf(&b, ",\n%s: [\n", encode(component))
		for i, e := range list {
			if i > 0 {
				b.WriteString(",\n")
			}
			b.WriteString(encode(e))
		}
		b.WriteString("\n]")
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// K/cmd/kubelet/app/options/osflags_windows.go; the tables are those of Linux.
var onWindows = []registered{
	{"kubelet", "windows-service", "windows", "github.com/spf13/pflag.boolValue", "true", ""},
	{"kubelet", "windows-priorityclass", "windows", "github.com/spf13/pflag.stringValue", "", ""},
}

// typeName is how SEMANTICS.md calls the behaviour of a Go type's Set.
func typeName(f registered) string {
	name, ok := typeNames[f.GoType]
	if !ok {
		log.Printf("flag %s: no name for the type %s (%s)", f.Name, f.GoType, f.Type)
		return f.GoType
	}
	return name
}

var typeNames = map[string]string{
	"github.com/spf13/pflag.boolValue":           "bool",
	"github.com/spf13/pflag.durationValue":       "duration",
	"github.com/spf13/pflag.float32Value":        "float32",
	"github.com/spf13/pflag.float64Value":        "float64",
	"github.com/spf13/pflag.int32SliceValue":     "int32Slice",
	"github.com/spf13/pflag.int32Value":          "int32",
	"github.com/spf13/pflag.int64Value":          "int64",
	"github.com/spf13/pflag.intValue":            "int",
	"github.com/spf13/pflag.ipValue":             "ip",
	"github.com/spf13/pflag.stringArrayValue":    "stringArray",
	"github.com/spf13/pflag.stringSliceValue":    "stringSlice",
	"github.com/spf13/pflag.stringToStringValue": "stringToString",
	"github.com/spf13/pflag.stringValue":         "string",
	"github.com/spf13/pflag.uintValue":           "uint",

	"flag.boolValue":     "bool", // the standard library's, wrapped
	"flag.durationValue": "duration",
	"flag.int64Value":    "int64",
	"flag.intValue":      "int",
	"flag.stringValue":   "string",
	"flag.uint64Value":   "uint",

	"k8s.io/apimachinery/pkg/api/resource.QuantityValue": "quantity",
	"k8s.io/apimachinery/pkg/util/net.PortRange":         "portRange",

	"k8s.io/component-base/cli/flag.ColonSeparatedMultimapStringString":                      "colonMultimap",
	"k8s.io/component-base/cli/flag.ColonSeparatedMultimapStringString:allowDefaultEmptyKey": "colonMultimapEmptyKey",
	"k8s.io/component-base/cli/flag.ConfigurationMap":                                        "configurationMap",
	"k8s.io/component-base/cli/flag.LangleSeparatedMapStringString":                          "langleMap",
	"k8s.io/component-base/cli/flag.MapStringBool":                                           "mapStringBool",
	"k8s.io/component-base/cli/flag.MapStringString":                                         "mapStringString",
	"k8s.io/component-base/cli/flag.MapStringString:NoSplit":                                 "mapStringStringNoSplit",
	"k8s.io/component-base/cli/flag.StringFlag":                                              "string",
	"k8s.io/component-base/config.VerbosityLevel":                                            "verbosity",
	"k8s.io/component-base/config.VModuleConfiguration":                                      "vmodule",
	"k8s.io/component-base/cli/flag.NamedCertKeyArray":                                       "namedCertKey",
	"k8s.io/component-base/featuregate.featureGate":                                          "featureGate",
	"k8s.io/component-base/logs/api/v1.verbosityLevelPflag":                                  "verbosity",
	"k8s.io/component-base/logs/api/v1.vmoduleConfigurationPFlag":                            "vmodule",
	"k8s.io/component-base/version/verflag.versionValue":                                     "version",

	"k8s.io/klog/v2.Level":         "klogLevel",
	"k8s.io/klog/v2.moduleSpec":    "klogModules",
	"k8s.io/klog/v2.severity":      "klogSeverity",
	"k8s.io/klog/v2.severityValue": "klogSeverity",
	"k8s.io/klog/v2.traceLocation": "klogTrace",

	"k8s.io/legacy-cloud-providers/gce.cidrs": "gceCidrs",

	"k8s.io/kubernetes/pkg/util/flag.IPVar":                 "ipVar",
	"k8s.io/kubernetes/pkg/util/flag.RegisterWithTaintsVar": "taints",
	"k8s.io/kubernetes/pkg/util/flag.ReservedMemoryVar":     "reservedMemory",
	"k8s.io/kubernetes/pkg/util/taints.taintsVar":           "plainTaints",
}

func output(dir string, name string, args ...string) []byte {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s %v: %v", name, args, err)
	}
	return out
}

func minorOf(version string) int {
	minor, err := strconv.Atoi(strings.Split(version, ".")[1])
	must(err)
	return minor
}

func write(dir, name string, content []byte) {
	must(os.WriteFile(filepath.Join(dir, name), content, 0o644))
}

func encode(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(value))
	return strings.TrimSpace(b.String())
}

func read(name string) []byte {
	content, err := os.ReadFile(name)
	must(err)
	return content
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
