package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
)

var components = []string{"kube-apiserver", "kubelet"}

// A feature gate as one version of a component registers it.
type gate struct {
	Name, Stage     string
	Default, Locked bool
	Needs           []string
}

// A feature gate as a run of consecutive minor versions has it.
type gateEntry struct {
	Name    string   `json:"name"`
	Stage   string   `json:"stage,omitempty"`
	Default bool     `json:"default,omitempty"`
	Locked  bool     `json:"locked,omitempty"`
	Needs   []string `json:"needs,omitempty"`
	Since   int      `json:"since"`
	Until   int      `json:"until"`
}

var (
	registers = regexp.MustCompile(`DefaultMutableFeatureGate\.Add(Versioned)?\(`)
	adds      = regexp.MustCompile(`(\w+)\.AddFeatureGates\(\w+\.DefaultMutableFeatureGate\)`)
)

// gatesOf compiles what registers gates in a component: packages that do it when they are imported, and calls of AddFeatureGates.
func gatesOf(version, component string) []gate {
	log.Printf("gates of %s %s", component, version)
	dir, remove := throwAwayModule(version)
	defer remove()
	write(dir, "deps.go", []byte("package main\n\nimport _ \"k8s.io/kubernetes/cmd/"+component+"/app\"\n\nfunc main() {}\n"))
	imports, calls := map[string]string{}, map[string]bool{}
	// -e: the module proxy does not have all modules, and those that register gates are compiled below
	list := output(dir, "go", "list", "-e", "-mod=mod", "-deps", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{join .GoFiles \",\"}}", ".")
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		fields := strings.Split(line, "\t")
		if !strings.HasPrefix(fields[0], "k8s.io/") || fields[2] == "" {
			continue
		}
		for _, name := range strings.Split(fields[2], ",") {
			source := read(filepath.Join(fields[1], name))
			if registers.Match(source) {
				imports[fields[0]] = "_"
			}
			for _, call := range adds.FindAllSubmatch(source, -1) {
				path := importOf(source, string(call[1]))
				if imports[path] == "" || imports[path] == "_" {
					imports[path] = fmt.Sprintf("gates%d", len(calls))
				}
				calls[imports[path]] = true
			}
		}
	}
	write(dir, "deps.go", []byte(gatesProgram(component+" "+version, imports, calls)))
	output(dir, "go", append(append([]string{}, build...), "-mod=mod", "-o", "gates", ".")...)
	var found []gate
	for _, line := range bytes.Split(bytes.TrimSpace(output(dir, filepath.Join(dir, "gates"))), []byte("\n")) {
		var g gate
		must(json.Unmarshal(line, &g))
		g.Stage = strings.ToLower(g.Stage)
		found = append(found, g)
	}
	return found
}

func gatesProgram(title string, imports map[string]string, calls map[string]bool) string {
	var imported, called []string
	for path, name := range imports {
		imported = append(imported, fmt.Sprintf("\t%s %q\n", name, path))
	}
	for name := range calls {
		called = append(called, fmt.Sprintf("\tutilruntime.Must(%s.AddFeatureGates(utilfeature.DefaultMutableFeatureGate))\n", name))
	}
	sort.Strings(imported)
	return fmt.Sprintf(string(read("gates/main.go.txt")), title, strings.Join(imported, ""), strings.Join(called, ""))
}

// importOf is the path that a file imports under a name.
func importOf(source []byte, name string) string {
	for _, pattern := range []string{`\s` + name + `\s+"(k8s\.io/[^"]+)"`, `(?m)^\s*"(k8s\.io/[^"]+/` + name + `)"`} {
		if found := regexp.MustCompile(pattern).FindSubmatch(source); found != nil {
			return string(found[1])
		}
	}
	log.Fatalf("%s: no import", name)
	return ""
}

func mergeGates(found map[string]map[string][]gate) []byte {
	var entries []gateEntry
	for _, version := range gateVersions {
		minor := minorOf(version)
		same := found[version][components[0]]
		if !equalGates(same, found[version][components[1]]) {
			log.Fatalf("%s: the components register different gates, so each entry must say whose it is", version)
		}
		for _, g := range same {
			entries = addGate(entries, gateEntry{g.Name, g.Stage, g.Default, g.Locked, g.Needs, minor, minor})
		}
	}
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		return a.Name < b.Name || a.Name == b.Name && a.Since < b.Since
	})
	var lines []string
	for _, e := range entries {
		lines = append(lines, encode(e))
	}
	return []byte(fmt.Sprintf("{\n\"versions\": %s,\n\"gates\": [\n%s\n]\n}\n", encode(gateVersions), strings.Join(lines, ",\n")))
}

func addGate(entries []gateEntry, e gateEntry) []gateEntry {
	for i, before := range entries {
		if before.Until == e.Since-1 && sameGate(before, e) {
			entries[i].Until = e.Until
			return entries
		}
	}
	return append(entries, e)
}

func sameGate(a, b gateEntry) bool {
	return a.Name == b.Name && a.Stage == b.Stage && a.Default == b.Default && a.Locked == b.Locked && slices.Equal(a.Needs, b.Needs)
}

func equalGates(one, other []gate) bool {
	encoded := func(gates []gate) []string {
		var lines []string
		for _, g := range gates {
			lines = append(lines, encode(g))
		}
		sort.Strings(lines)
		return lines
	}
	return slices.Equal(encoded(one), encoded(other))
}
