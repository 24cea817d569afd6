// Command types prints how encoding/json and sigs.k8s.io/json see the Go types of configurations and workloads.
package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	kubeletv1beta1 "k8s.io/kubelet/config/v1beta1"
	kubeadmv1 "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1"
	kubeadmv1beta4 "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1beta4"
)

var roots = map[string][]any{
	"kubelet.config.k8s.io/v1beta1": {kubeletv1beta1.KubeletConfiguration{}},
	"kubeadm.k8s.io/v1beta4": {kubeadmv1beta4.ClusterConfiguration{}, kubeadmv1beta4.InitConfiguration{},
		kubeadmv1beta4.JoinConfiguration{}, kubeadmv1beta4.ResetConfiguration{}, kubeadmv1beta4.UpgradeConfiguration{}},
	"kubeadm.k8s.io/v1": {kubeadmv1.ClusterConfiguration{}, kubeadmv1.InitConfiguration{},
		kubeadmv1.JoinConfiguration{}, kubeadmv1.ResetConfiguration{}, kubeadmv1.UpgradeConfiguration{}},
	"v1": {corev1.Pod{}, corev1.PodList{}, corev1.PodTemplate{}, corev1.ReplicationController{}, corev1.ConfigMap{},
		corev1.ConfigMapList{}, corev1.List{}},
	"apps/v1":  {appsv1.Deployment{}, appsv1.StatefulSet{}, appsv1.DaemonSet{}, appsv1.ReplicaSet{}},
	"batch/v1": {batchv1.Job{}, batchv1.CronJob{}},
}

// Types that decode themselves; SEMANTICS.md says how.
var custom = map[string]string{
	"k8s.io/apimachinery/pkg/api/resource.Quantity":                                 "quantity",
	"k8s.io/apimachinery/pkg/api/resource.QuantityValue":                            "quantity",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":                                 "duration",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":                                 "fieldsV1",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":                                "microTime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":                                     "time",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                                  "rawExtension",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":                               "intOrString",
	"k8s.io/component-base/logs/api/v1.TimeOrMetaDuration":                          "timeOrDuration",
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/bootstraptoken/v1.BootstrapTokenString": "bootstrapToken",
}

// Prefixes for names that several packages have.
var packages = map[string]string{
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1":      "kubeadmv1",
	"k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/v1beta4": "kubeadmv1beta4",
}

var (
	seen    = map[reflect.Type]map[string]string{}
	names   = map[string]reflect.Type{}
	jsonI   = reflect.TypeFor[json.Unmarshaler]()
	textI   = reflect.TypeFor[encoding.TextUnmarshaler]()
	rootsBy = map[string]map[string]string{}
)

func main() {
	for group, values := range roots {
		rootsBy[group] = map[string]string{}
		for _, v := range values {
			t := reflect.TypeOf(v)
			rootsBy[group][t.Name()] = describe(t)
		}
	}
	var b bytes.Buffer
	b.WriteString("{\n\"roots\": {\n")
	writeLines(&b, rootsBy)
	b.WriteString("\n},\n\"types\": {\n")
	types := map[string]map[string]string{}
	for t, fields := range seen {
		types[nameOf(t)] = fields
	}
	writeLines(&b, types)
	b.WriteString("\n}\n}\n")
	os.Stdout.Write(b.Bytes())
}

func writeLines(b *bytes.Buffer, lines map[string]map[string]string) {
	keys := make([]string, 0, len(lines))
	for key := range lines {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for i, key := range keys {
		if i > 0 {
			b.WriteString(",\n")
		}
		line, err := json.Marshal(lines[key])
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(b, "%q: %s", key, line)
	}
}

func describe(t reflect.Type) string {
	id := t.PkgPath() + "." + t.Name()
	if name, ok := custom[id]; ok {
		return name
	}
	if p := reflect.PointerTo(t); t.Name() != "" && (p.Implements(jsonI) || p.Implements(textI)) {
		log.Fatalf("%s decodes itself in an unknown way", id)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + describe(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + describe(t.Elem())
	case reflect.Map:
		return "map[" + describe(t.Key()) + "]" + describe(t.Elem())
	case reflect.Interface:
		return "any"
	case reflect.Struct:
		if _, ok := seen[t]; !ok {
			seen[t] = map[string]string{}
			addFields(t, seen[t])
		}
		return nameOf(t)
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32,
		reflect.Uint64, reflect.Float32, reflect.Float64:
		return t.Kind().String()
	}
	log.Fatalf("%s: cannot describe a %s", id, t.Kind())
	return ""
}

// addFields flattens embedded structs as encoding/json does; a field of the struct itself hides an embedded one's.
func addFields(t reflect.Type, fields map[string]string) {
	for pass := range 2 {
		for f := range t.Fields() {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			flatten := f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct
			switch {
			case name == "-" || (!f.IsExported() && !flatten):
			case strings.Contains(options, "string"):
				log.Fatalf("%s.%s: ,string", t, f.Name)
			case flatten && pass == 1:
				embedded := map[string]string{}
				addFields(f.Type, embedded)
				for name, fieldType := range embedded {
					if _, ok := fields[name]; !ok {
						fields[name] = fieldType
					}
				}
			case !flatten && pass == 0:
				if name == "" {
					name = f.Name
				}
				fields[name] = describe(f.Type)
			}
		}
	}
}

func nameOf(t reflect.Type) string {
	name := t.Name()
	if prefix, ok := packages[t.PkgPath()]; ok {
		name = prefix + "." + name
	}
	if other, ok := names[name]; ok && other != t {
		log.Fatalf("%s names both %s and %s", name, t.PkgPath(), other.PkgPath())
	}
	names[name] = t
	return name
}
