// Package config fills a struct from environment variables, when the program starts, and reports all that is wrong at once.
//
// # Terms
//
// A [Source] says where variables come from. A field with the tag `env:"NAME"` gets the variable NAME; `env:"NAME,required"` must be set and not empty.
// The tag `default:"..."` is what a field gets otherwise, written as the variable would be; without one the field keeps its zero value. An empty variable counts as not set.
// A struct without an env tag holds more fields; `prefix:"DB_"` goes before their names. Where NAME is not set and NAME_FILE
// is, the value is the content of that file, without the newline at its end: secrets of Docker and Kubernetes come so.
//
// Further tags: `min:"1"` and `max:"65535"` bound numbers, durations and sizes, `oneof:"dev,prod"` lists what is allowed, `help:"..."` is for
// [Usage]. A field may be a string, bool, integer, float, time.Duration, [Size] ("10MB"), *url.URL, [Secret], anything
// with encoding.TextUnmarshaler, or a slice of these, separated by commas. A struct with a method Validate() error has it
// called when all its fields are right.
//
// # Order
//
// Problems are reported in the order of fields. Nothing is read before Load and nothing is kept after it.
//
// # Limits
//
// A file holds 1 MiB at most. Values of secrets, of files and of URLs stand in no error.
//
// # Source
//
// The Twelve-Factor App, III; Elixir's runtime.exs; the _FILE convention of Docker's official images.
package config
