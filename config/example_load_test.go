package config_test

import (
	"fmt"
	"time"

	"github.com/bennu-go/bennu/config"
)

type Settings struct {
	Secret  config.Secret `env:"SECRET_KEY_BASE,required"`
	Timeout time.Duration `env:"TIMEOUT" default:"15s"`
	Upload  config.Size   `env:"UPLOAD" default:"10MB" max:"1GB"`
}

// Everything that is wrong is said at once, and without showing a secret.
func ExampleLoad() {
	_, err := config.Load[Settings](config.Source{Environ: []string{"TIMEOUT=soon", "UPLOAD=2GB"}})
	fmt.Println(err)
	s, _ := config.Load[Settings](config.Source{Environ: []string{"SECRET_KEY_BASE=abc", "TIMEOUT=20s"}})
	fmt.Println(s)
	// Output:
	// config: the environment is not right:
	//   SECRET_KEY_BASE: is required and not set; expected a config.Secret
	//   TIMEOUT: expected a duration such as 30s or 1h30m, got "soon"
	//   UPLOAD: expected at most 1GB, got "2GB"
	// {[redacted] 20s 10MB}
}
