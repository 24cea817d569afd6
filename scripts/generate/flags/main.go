// Command flags prints the flags that one version of kube-apiserver and kubelet registers, one JSON object a line.
//
// It is compiled once per Kubernetes version by ../main.go, so it uses only what all of them have.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"unsafe"

	"github.com/spf13/pflag"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/component-base/version/verflag"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
)

// customGlobals is set where the version has options.AddCustomGlobalFlags (see custom.go.txt).
var customGlobals = func(*pflag.FlagSet) {}

type flagFact struct {
	Component   string `json:"component"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	GoType      string `json:"goType"`
	NoOptDefVal string `json:"noOptDefVal,omitempty"`
	Shorthand   string `json:"shorthand,omitempty"`
	Default     string `json:"default,omitempty"`
}

func main() {
	// as in NewAPIServerCommand
	s := apiserveroptions.NewServerRunOptions()
	named := s.Flags()
	verflag.AddFlags(named.FlagSet("global"))
	addGlobals(named.FlagSet("global"))
	customGlobals(named.FlagSet("generic"))
	apiserver := newSet("kube-apiserver")
	for _, set := range named.FlagSets {
		apiserver.AddFlagSet(set)
	}
	addLogs(apiserver)
	print("kube-apiserver", apiserver)

	// as in NewKubeletCommand
	conf, err := kubeletoptions.NewKubeletConfiguration()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kubelet := newSet("kubelet")
	kubeletoptions.NewKubeletFlags().AddFlags(kubelet)
	kubeletoptions.AddKubeletConfigFlags(kubelet, conf)
	kubeletoptions.AddGlobalFlags(kubelet)
	kubelet.BoolP("help", "h", false, "")
	print("kubelet", kubelet)
}

func newSet(name string) *pflag.FlagSet {
	set := pflag.NewFlagSet(name, pflag.ContinueOnError)
	set.SetNormalizeFunc(cliflag.WordSepNormalizeFunc)
	return set
}

func print(component string, set *pflag.FlagSet) {
	out := json.NewEncoder(os.Stdout)
	set.VisitAll(func(f *pflag.Flag) {
		out.Encode(flagFact{component, f.Name, f.Value.Type(), goType(f.Value), f.NoOptDefVal, f.Shorthand, f.DefValue})
	})
}

// goType is the concrete type behind a flag, within those that only hand on to another.
func goType(value interface{}) string {
	v := reflect.ValueOf(value)
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := t.PkgPath() + "." + t.Name()
	wrapped := map[string]string{
		"github.com/spf13/pflag.flagValueWrapper":         "inner",
		"k8s.io/component-base/cli/flag.TrackerValue":     "value",
		"k8s.io/component-base/cli/flag.BoolTrackerValue": "boolValue",
	}
	if field, ok := wrapped[name]; ok {
		f := v.Elem().FieldByName(field)
		return goType(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Interface())
	}
	for _, option := range []string{"NoSplit", "allowDefaultEmptyKey"} { // two behaviours of one type
		if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
			if f := v.Elem().FieldByName(option); f.IsValid() && f.Bool() {
				name += ":" + option
			}
		}
	}
	return name
}
