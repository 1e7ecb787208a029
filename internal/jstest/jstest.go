// Package jstest runs the JavaScript clients that people use, under node, from Go tests.
//
// # Terms
//
// A script is a file scripts/NAME.mjs. It tells scenarios with a real client against a real server, and reports each of
// them in a line. A client is a published version of the npm package phoenix, with a transport and a wire format
// ([Client]). A need is something that a script asks of the Go side, because only the server can do it: to restart, for
// example.
//
// # Order
//
// A script runs its scenarios one after another; each becomes a subtest when its line arrives. Needs are served on the
// goroutine of the test, one at a time. A script must say at its end how many scenarios it ran: one that dies early,
// whatever its exit code, has failed.
//
// # Limits
//
// A script that has not ended after its [Job.Timeout] is killed, and so is node with the test. Nothing is skipped: where
// node or npm is missing, the test fails and says what to install. The packages are pinned by package-lock.json and
// installed once for each content of it. Only tests may import this package.
//
// # Source
//
// The contract between scripts and server is CONTRACT.md. The clients are phoenix 1.8.16 and phoenix 1.7.21.
package jstest

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

//go:embed package.json package-lock.json scripts
var kit embed.FS

// A Job is one run of a script. Only Script is required.
type Job struct {
	// Script is the file's name without .mjs, in Dir.
	Script string
	// Dir holds scripts of another package, which may import ./lib/kit.mjs of this one. Nil means the scripts of this
	// package.
	Dir fs.FS
	// Env is added to the environment of node: URL, CLIENT, TRANSPORT, VSN.
	Env map[string]string
	// Needs serve what the script asks for, by name. The map holds the other fields of the line. A need that is not
	// here fails the scenario that asked.
	Needs map[string]func(details map[string]any) error
	// Timeout bounds the whole script. Zero means two minutes.
	Timeout time.Duration
}

// A Failure is a scenario that failed.
type Failure struct {
	Name string // of the scenario
	Why  string // the error and its stack
}

// A Result is what a script reported.
type Result struct {
	OK     []string // names of the scenarios that passed, in their order
	Failed []Failure
}

// Run runs a script of this package with variables for node's environment.
func Run(t *testing.T, script string, env map[string]string) Result {
	t.Helper()
	return Job{Script: script, Env: env}.Run(t)
}

// Run runs the script and makes each scenario a subtest. The test fails with any of them.
func (j Job) Run(t *testing.T) Result {
	t.Helper()
	result, err := j.run(t, Install(t), func(name, why string) {
		t.Run(name, func(t *testing.T) {
			if why != "" {
				t.Error(why)
			}
		})
	})
	if err != nil {
		t.Errorf("jstest: %s.mjs: %v", j.Script, err)
	}
	return result
}

// run reports each scenario; an error is a script that did not do its part.
func (j Job) run(t testing.TB, installed string, report func(name, why string)) (Result, error) {
	timeout := j.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), timeout, fmt.Errorf("did not end within %s", timeout))
	defer cancel()

	dir, err := j.unpack(t, installed)
	if err != nil {
		return Result{}, err
	}
	cmd := exec.CommandContext(ctx, "node", filepath.Join(dir, j.Script+".mjs"))
	cmd.Env = os.Environ()
	for name, value := range j.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	// A grandchild that holds the pipes open must not hold up the test.
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return Result{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return Result{}, err
	}
	if err := cmd.Start(); err != nil {
		return Result{}, fmt.Errorf("starting node: %w", err)
	}

	talk := conversation{
		needs:  j.Needs,
		answer: json.NewEncoder(stdin),
		report: report,
		log:    func(line string) { t.Logf("%s.mjs: %s", j.Script, line) },
	}
	talkErr := talk.listen(stdout)
	if talkErr != nil {
		cancel() // what node writes now, nobody reads
		_, _ = io.Copy(io.Discard, stdout)
	}
	waitErr := cmd.Wait()
	if text := strings.TrimSpace(stderr.String()); text != "" {
		t.Logf("%s.mjs wrote to stderr:\n%s", j.Script, text)
	}
	switch {
	case talkErr != nil:
		return talk.result, talkErr
	case ctx.Err() != nil:
		return talk.result, context.Cause(ctx)
	case waitErr != nil:
		return talk.result, fmt.Errorf("node ended with %w", waitErr)
	}
	return talk.result, talk.complete()
}

// unpack writes the scripts into a folder under the installed packages, where node finds them on its way up.
func (j Job) unpack(t testing.TB, installed string) (string, error) {
	dir, err := os.MkdirTemp(installed, "run-")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Logf("jstest: removing %s: %v", dir, err)
		}
	})
	own, err := fs.Sub(kit, "scripts")
	if err != nil {
		return "", err
	}
	if err := os.CopyFS(dir, own); err != nil {
		return "", err
	}
	if j.Dir != nil {
		if err := os.CopyFS(dir, j.Dir); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, j.Script+".mjs")); err != nil {
		return "", fmt.Errorf("no such script: %w", err)
	}
	return dir, nil
}
