package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"
)

func TestRefFromBytes(t *testing.T) {
	for _, c := range []struct {
		token string
		want  Ref
	}{
		{"", ""}, {"null", ""}, {`""`, `""`}, {`"1"`, `"1"`}, {`1`, `1`}, {`1.0`, `1.0`}, {`-2e9`, `-2e9`},
		{`"01"`, `"01"`}, {`"0"`, `"0"`}, {`"abc"`, `"abc"`}, {`"1024"`, `"1024"`}, {`"1025"`, `"1025"`}, {`"9999"`, `"9999"`}, {`"12345"`, `"12345"`},
		{`"\u0031"`, `"1"`}, {`"\/"`, `"/"`}, {`"\u00e9"`, `"é"`}, {`"é"`, `"é"`}, {`"\u000a"`, `"\n"`}, {`"\n"`, `"\n"`}, {`"\u0001"`, `"\u0001"`},
		{`"\""`, `"\""`}, {`"\ud83d\ude00"`, `"😀"`}, {`"\ud83d"`, `"�"`}, {"\"\xff\"", `"�"`},
	} {
		if got := RefFromBytes([]byte(c.token)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.token, got, c.want)
		}
	}
	if !Ref("").IsNull() || Ref(`""`).IsNull() || Ref(`0`).IsNull() {
		t.Error("null is the one ref without text")
	}
}

func TestRefSharesSmallDecimals(t *testing.T) {
	for n := 1; n <= 1100; n++ {
		token := []byte(strconv.Quote(strconv.Itoa(n)))
		a, b := RefFromBytes(token), RefFromBytes(token)
		if string(a) != string(token) {
			t.Fatalf("got %s, want %s", a, token)
		}
		if shared := unsafe.StringData(string(a)) == unsafe.StringData(string(b)); shared != (n <= lastShared) {
			t.Fatalf("%d: got shared %v", n, shared)
		}
	}
	if want := 9*3 + 90*4 + 900*5 + 25*6; len(sharedRefs) != want {
		t.Errorf("got %d bytes of shared refs, want %d", len(sharedRefs), want)
	}
}

// A ref taken from a message outlives the message.
func TestRefIsACopy(t *testing.T) {
	token := []byte(`"long lived"`)
	r := RefFromBytes(token)
	copy(token, `"overwritten`)
	if r != `"long lived"` {
		t.Errorf("got %s", r)
	}
}

func TestRefIs(t *testing.T) {
	for _, c := range []struct {
		ref   Ref
		token string
		want  bool
	}{
		{`"1"`, `"1"`, true}, {`"1"`, `1`, false}, {`1`, `1`, true}, {"", "", true}, {"", `""`, false}, {`"1"`, `"2"`, false}, {`"1"`, "", false},
	} {
		if got := c.ref.Is([]byte(c.token)); got != c.want {
			t.Errorf("%s is %s: got %v, want %v", c.ref, c.token, got, c.want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "a\"b\\c/", "\x00\x1f\x7f\b\f\n\r\t", "é😀", "\xff\xc3", "\u2028<>&", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := AppendString([]byte("x"), s)
		var back, want string
		if err := json.Unmarshal(got[1:], &back); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		theirs, _ := json.Marshal(s)
		if err := json.Unmarshal(theirs, &want); err != nil || back != want || !utf8.Valid(got) {
			t.Fatalf("got %q, want a string that means %q", got, want)
		}
		if unescaped := string(appendUnescaped(nil, got[2:len(got)-1])); unescaped != want {
			t.Fatalf("unescaped: got %q, want %q", unescaped, want)
		}
		if strings.ContainsAny(string(got[2:len(got)-1]), "\n\x00") {
			t.Fatalf("got bare control characters in %q", got)
		}
	})
}

func ExampleAppendString() {
	fmt.Printf("%s\n", AppendString(nil, "a \"quoted\" <b>word</b>\n"))
	// Output:
	// "a \"quoted\" <b>word</b>\n"
}
