package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type database struct {
	URL  *url.URL `env:"URL,required"`
	Pool int      `env:"POOL" default:"10" min:"1" max:"100"`
}

func (d database) Validate() error {
	if d.Pool == 13 {
		return errors.New("a pool of 13 brings bad luck")
	}
	return nil
}

type settings struct {
	Env   string        `env:"ENV" default:"dev" oneof:"dev,prod" help:"where it runs"`
	Key   Secret        `env:"KEY,required"`
	Port  uint16        `env:"PORT" default:"4000"`
	Debug bool          `env:"DEBUG"`
	Rate  float64       `env:"RATE" default:"0.5" max:"1"`
	Wait  time.Duration `env:"WAIT" default:"30s" min:"1s"`
	Body  Size          `env:"BODY" default:"8MiB" max:"1GB"`
	Hosts []string      `env:"HOSTS"`
	Proxy netip.Addr    `env:"PROXY"`
	DB    database      `prefix:"DB_"`
}

func TestLoad(t *testing.T) {
	got, err := Load[settings](Source{
		Environ: []string{"X_ENV=prod", "X_KEY_FILE=key", "X_PORT=80", "X_DEBUG=true", "X_HOSTS=a, b", "X_PROXY=10.0.0.1", "X_DB_URL=postgres://u:p@h/d", "X_WAIT=", "HOME=/"},
		Prefix:  "X_",
		ReadFile: func(name string) ([]byte, error) {
			return []byte("secret of " + name + "\n"), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		Env: "prod", Key: NewSecret("secret of key"), Port: 80, Debug: true, Rate: 0.5, Wait: 30 * time.Second, Body: 8 << 20, Hosts: []string{"a", "b"},
		Proxy: netip.MustParseAddr("10.0.0.1"),
		DB:    database{&url.URL{Scheme: "postgres", User: url.UserPassword("u", "p"), Host: "h", Path: "/d"}, 10},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Secret{}, url.Userinfo{}), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Error(diff)
	}
}

func TestEveryProblemAtOnce(t *testing.T) {
	_, err := Load[settings](Source{
		Environ: []string{"X_ENV=test", "X_KYE=hunter2", "X_PORT=70000", "X_DEBUG=maybe", "X_RATE=NaN", "X_WAIT=5ms", "X_BODY=2GB", "X_PROXY=here", "X_DB_URL=hunter2", "X_DB_POOL_FILE=gone"},
		Prefix:  "X_",
		ReadFile: func(name string) ([]byte, error) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
	})
	var all *Error
	if !errors.As(err, &all) {
		t.Fatalf("got %v, want an *Error", err)
	}
	want := []Problem{
		{"X_ENV", `expected one of dev, prod, got "test"`},
		{"X_KEY", `is required and not set; expected a config.Secret`},
		{"X_PORT", `expected a whole number of 16 bits, not negative, got "70000"`},
		{"X_DEBUG", `expected true or false, got "maybe"`},
		{"X_RATE", `expected a number, got "NaN"`},
		{"X_WAIT", `expected at least 1s, got "5ms"`},
		{"X_BODY", `expected at most 1GB, got "2GB"`},
		{"X_PROXY", `expected what a netip.Addr is read from, got "here"`},
		{"X_DB_URL", `expected a URL with a scheme, such as https://example.com`},
		{"X_DB_POOL_FILE", `reading the file that it names: file does not exist`},
		{"X_KYE", `is not known`},
	}
	if diff := cmp.Diff(want, all.Problems); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret stands in the error: %v", err)
	}
}

func TestMisspellings(t *testing.T) {
	type long struct {
		Secret Secret `env:"SESSION_SECRET,required"`
	}
	_, err := Load[long](Source{Environ: []string{"SESSION_SECERT=hunter2"}})
	if err == nil || !strings.Contains(err.Error(), "(SESSION_SECERT is: a misspelling?)") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	_, err = Load[long](Source{Environ: []string{"SESSION_SECRET=s", "SESSION_SECRTE=t"}, Prefix: ""})
	if err != nil {
		t.Errorf("without a prefix unknown variables are nobody's business: %v", err)
	}
	_, err = Load[long](Source{Environ: []string{"A_SESSION_SECRET=s", "A_SESION_SECRET=t"}, Prefix: "A_"})
	if err == nil || !strings.Contains(err.Error(), "A_SESION_SECRET: is not known; did you mean A_SESSION_SECRET?") {
		t.Errorf("got %v", err)
	}
}

func TestValidate(t *testing.T) {
	_, err := Load[settings](Source{Environ: []string{"KEY=k", "DB_URL=a://b", "DB_POOL=13"}})
	if err == nil || !strings.Contains(err.Error(), "bad luck") {
		t.Errorf("got %v", err)
	}
}

func TestSecretShowsItselfToNobody(t *testing.T) {
	holder := struct{ Key Secret }{NewSecret("hunter2")}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(holder), fmt.Sprintf("%+v %#v %s %q %x %d", holder, holder, holder.Key, holder.Key, holder.Key, holder.Key),
		string(encoded), holder.Key.LogValue().String(),
	} {
		if strings.Contains(shown, "hunter") || strings.Contains(shown, "68756e") || !strings.Contains(shown, redacted) {
			t.Errorf("got %s", shown)
		}
	}
	if holder.Key.Reveal() != "hunter2" || holder.Key.IsZero() {
		t.Error("the secret is lost")
	}
}

func TestWrongTags(t *testing.T) {
	for name, load := range map[string]func(){
		"no name": func() {
			_, _ = Load[struct {
				A int `env:""`
			}](Source{})
		},
		"unknown option": func() {
			_, _ = Load[struct {
				A int `env:"A,optional"`
			}](Source{})
		},
		"default is wrong": func() {
			_, _ = Load[struct {
				A int `env:"A" default:"x"`
			}](Source{})
		},
		"required, defaulted": func() {
			_, _ = Load[struct {
				A int `env:"A,required" default:"1"`
			}](Source{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if v := recover(); v == nil || !strings.HasPrefix(fmt.Sprint(v), "config: field ") {
					t.Errorf("got %v, want a panic that names the field", v)
				}
			}()
			load()
		})
	}
}

func TestUsage(t *testing.T) {
	got := Usage[settings]("X_")
	for _, want := range []string{"X_ENV", "where it runs (dev, prod)", "X_DB_URL", "(required)", "8MiB"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"0", "512", "10MB", "4 GiB", "9223372036854775807", "99999999TiB", "-1", "1.5kB", "b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSize(s)
		if err != nil {
			return
		}
		if again, err := ParseSize(n.String()); n < 0 || err != nil || again != n {
			t.Errorf("%q is %d, which is written %s and read as %d, %v", s, n, n, again, err)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add("prod", "80", "1s", "1MB", "a,b", "postgres://h/d")
	f.Add("", "-1", "x", "", ",", "://")
	f.Fuzz(func(t *testing.T, env, port, wait, body, hosts, db string) {
		got, err := Load[settings](Source{Environ: []string{
			"KEY=k", "ENV=" + env, "PORT=" + port, "WAIT=" + wait, "BODY=" + body, "HOSTS=" + hosts, "DB_URL=" + db,
		}})
		if err == nil && (got.DB.URL == nil || got.Wait < time.Second || got.Body > 1e9 || got.Env != "dev" && got.Env != "prod") {
			t.Errorf("accepted %+v", got)
		}
	})
}
