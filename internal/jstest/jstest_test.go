package jstest

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// run runs a script of testdata without making subtests of its scenarios.
func run(t *testing.T, j Job) (Result, error) {
	t.Helper()
	j.Dir = os.DirFS("testdata/scripts")
	return j.run(t, Install(t), func(string, string) {})
}

func TestScriptReports(t *testing.T) {
	served := []any{}
	result, err := run(t, Job{
		Script: "good",
		Env:    map[string]string{"COLOUR": "red"},
		Needs: map[string]func(map[string]any) error{
			"restart": func(details map[string]any) error {
				served = append(served, details["id"])
				return nil
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"passes", "is served", "sees the environment"}, result.OK); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]any{7.0}, served); diff != "" {
		t.Error(diff)
	}
	wants := []struct{ name, why string }{
		{"fails", "one is not two"},
		{"is not served", `this server offers no "nonsense"`},
	}
	if len(result.Failed) != len(wants) {
		t.Fatalf("got %d failures, want %d: %v", len(result.Failed), len(wants), result.Failed)
	}
	for i, want := range wants {
		if got := result.Failed[i]; got.Name != want.name || !strings.Contains(got.Why, want.why) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestScriptsThatDoNotDoTheirPart(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"early", "ended without its last line"},
		{"nothing", "ran no scenario"},
		{"throws", "node ended with exit status 1"},
		{"forever", "did not end within 1s"},
		{"missing", "no such script"},
	} {
		t.Run(c.script, func(t *testing.T) {
			job := Job{Script: c.script}
			if c.script == "forever" {
				job.Timeout = time.Second // the others end by themselves, however slow the machine is
			}
			_, err := run(t, job)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestStrayRejectionFails(t *testing.T) {
	result, err := run(t, Job{Script: "stray"})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Failed) != 1 || !strings.Contains(result.Failed[0].Why, "nobody waits for this") {
		t.Errorf("got %v", result)
	}
}

func TestNothingIsLeftBehind(t *testing.T) {
	installed := Install(t)
	t.Run("a run", func(t *testing.T) {
		if _, err := run(t, Job{Script: "nothing"}); err == nil {
			t.Error("got no error")
		}
	})
	entries, err := os.ReadDir(installed)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	// Other test binaries may be running scripts in the same folder.
	got = remove(got, func(name string) bool { return strings.HasPrefix(name, "run-") })
	if diff := cmp.Diff([]string{"node_modules", "package-lock.json", "package.json"}, got); diff != "" {
		t.Error(diff)
	}
}

func remove(list []string, drop func(string) bool) []string {
	kept := []string{}
	for _, item := range list {
		if !drop(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// TestSuiteIsWhole keeps a script from being forgotten, and every event that a script uses in the contract.
func TestSuiteIsWhole(t *testing.T) {
	files, err := fs.Glob(kit, "scripts/*.mjs")
	if err != nil {
		t.Fatal(err)
	}
	inSuite := map[string]bool{}
	for _, script := range scripts {
		inSuite[script.name] = true
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "scripts/"), ".mjs")
		if !inSuite[name] {
			t.Errorf("%s is in no suite", file)
		}
		delete(inSuite, name)
	}
	for name := range inSuite {
		t.Errorf("the suite has %q, which is no file", name)
	}
	contract, err := os.ReadFile("CONTRACT.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events(t, files) {
		if !strings.Contains(string(contract), "`"+event+"`") {
			t.Errorf("CONTRACT.md does not speak of the event %q", event)
		}
	}
}

func TestClientsAndScripts(t *testing.T) {
	names := map[string]int{}
	for _, c := range Clients() {
		names[c.Name()] = len(Scripts(c))
	}
	all := len(scripts)
	want := map[string]int{
		"phoenix-websocket-v2":   all,
		"phoenix-longpoll-v2":    all - 1,
		"phoenix17-websocket-v2": all,
		"phoenix17-longpoll-v2":  all - 1,
		"phoenix-websocket-v1":   all - 2,
		"phoenix-longpoll-v1":    all - 2,
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}
