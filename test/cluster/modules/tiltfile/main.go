// tiltfile runs a Tiltfile with the functions that it calls stubbed, and prints what it asked for as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	starlarkjson "go.starlark.net/lib/json"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

type call struct {
	Function  string                     `json:"function"`
	Positions []json.RawMessage          `json:"positions"`
	Names     map[string]json.RawMessage `json:"names"`
}

var calls = []call{}

func encoded(thread *starlark.Thread, value starlark.Value) (json.RawMessage, error) {
	encode := starlarkjson.Module.Members["encode"]
	text, err := starlark.Call(thread, encode, starlark.Tuple{value}, nil)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(string(text.(starlark.String))), nil
}

func stub(name string) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		made := call{Function: name, Positions: []json.RawMessage{}, Names: map[string]json.RawMessage{}}
		for _, arg := range args {
			text, err := encoded(thread, arg)
			if err != nil {
				return nil, err
			}
			made.Positions = append(made.Positions, text)
		}
		for _, pair := range kwargs {
			text, err := encoded(thread, pair[1])
			if err != nil {
				return nil, err
			}
			made.Names[string(pair[0].(starlark.String))] = text
		}
		calls = append(calls, made)
		return starlark.None, nil
	})
}

func main() {
	predeclared := starlark.StringDict{"struct": starlark.NewBuiltin("struct", starlarkstruct.Make)}
	for _, name := range []string{"docker_build", "local_resource", "k8s_resource"} {
		predeclared[name] = stub(name)
	}
	thread := &starlark.Thread{
		Name: "Tiltfile",
		Load: func(_ *starlark.Thread, module string) (starlark.StringDict, error) {
			if module != "ext://helm_resource" {
				return nil, fmt.Errorf("nobody knows %s", module)
			}
			return starlark.StringDict{"helm_resource": stub("helm_resource")}, nil
		},
	}
	options := &syntax.FileOptions{TopLevelControl: true, GlobalReassign: true, While: false}
	if _, err := starlark.ExecFileOptions(options, thread, os.Args[1], nil, predeclared); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(calls)
}
