package jstest

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConversation(t *testing.T) {
	for _, c := range []struct {
		name    string
		lines   []string
		want    Result
		answers string
		err     string
	}{
		{
			name:  "scenarios in their order",
			lines: []string{`{"ok":"a"}`, `{"fail":"b","why":"stack"}`, `{"ok":"c"}`, `{"done":3}`},
			want:  Result{OK: []string{"a", "c"}, Failed: []Failure{{"b", "stack"}}},
		},
		{
			name:  "a failure without a reason is one",
			lines: []string{`{"fail":"b"}`, `{"done":1}`},
			want:  Result{Failed: []Failure{{"b", "no reason given"}}},
		},
		{
			name:  "other output is only logged",
			lines: []string{`falling back`, `[1,2]`, `{"level":"info"}`, `{"ok":""}`, `{"ok":"a"}`, `{"done":1}`},
			want:  Result{OK: []string{"a"}},
		},
		{
			name:    "needs are served, refused and unknown",
			lines:   []string{`{"need":"good","n":1}`, `{"need":"bad"}`, `{"need":"ugly"}`, `{"ok":"a"}`, `{"done":1}`},
			want:    Result{OK: []string{"a"}},
			answers: `{"did":"good"}` + "\n" + `{"failed":"bad","why":"cannot"}` + "\n" + `{"failed":"ugly","why":"this server offers no \"ugly\""}` + "\n",
		},
		{name: "no end", lines: []string{`{"ok":"a"}`}, want: Result{OK: []string{"a"}}, err: "without its last line"},
		{name: "nothing at all", lines: nil, err: "without its last line"},
		{name: "an end with nothing before", lines: []string{`{"done":0}`}, err: "ran no scenario"},
		{name: "fewer reports than scenarios", lines: []string{`{"ok":"a"}`, `{"done":2}`}, want: Result{OK: []string{"a"}}, err: "reported 1 scenarios and says it ran 2"},
		{name: "more after the end", lines: []string{`{"ok":"a"}`, `{"done":1}`, `{"ok":"b"}`}, want: Result{OK: []string{"a"}}, err: "went on after its end"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var answers strings.Builder
			talk := conversation{
				needs: map[string]func(map[string]any) error{
					"good": func(map[string]any) error { return nil },
					"bad":  func(map[string]any) error { return errors.New("cannot") },
				},
				answer: json.NewEncoder(&answers),
				report: func(string, string) {},
				log:    func(string) {},
			}
			err := talk.listen(strings.NewReader(strings.Join(c.lines, "\n")))
			if err == nil {
				err = talk.complete()
			}
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
			if diff := cmp.Diff(c.want, talk.result); diff != "" {
				t.Error(diff)
			}
			if answers.String() != c.answers {
				t.Errorf("got answers %q, want %q", answers.String(), c.answers)
			}
		})
	}
}

func FuzzConversation(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"ok":"a"}` + "\n" + `{"done":1}`, `{"need":"x"}`, `{"fail":1}`, `{"done":"1"}`, `{"done":1e99}`, "\x00\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reported := 0
		talk := conversation{
			answer: json.NewEncoder(io.Discard),
			report: func(name, _ string) { reported++ },
			log:    func(string) {},
		}
		err := talk.listen(strings.NewReader(text))
		if got := len(talk.result.OK) + len(talk.result.Failed); got != reported {
			t.Errorf("reported %d scenarios, kept %d", reported, got)
		}
		if err == nil && talk.complete() == nil && reported == 0 {
			t.Error("a script that ran nothing passed")
		}
	})
}
