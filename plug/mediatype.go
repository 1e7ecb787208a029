package plug

import (
	"path"
	"strings"
)

// mediaTypes has what is known of formats and files: the first extension of a line is the name of the format.
var mediaTypes = []struct {
	typ  string
	exts []string
}{
	{"text/html", []string{"html", "htm"}},
	{"application/json", []string{"json"}},
	{"text/plain", []string{"txt", "text", "log"}},
	{"text/css", []string{"css"}},
	{"text/javascript", []string{"js", "mjs"}},
	{"application/javascript", []string{"js"}},
	{"text/xml", []string{"xml"}},
	{"application/xml", []string{"xml"}},
	{"application/xhtml+xml", []string{"xhtml"}},
	{"application/atom+xml", []string{"atom"}},
	{"application/rss+xml", []string{"rss"}},
	{"application/vnd.api+json", []string{"json-api"}},
	{"application/problem+json", []string{"problem-json"}},
	{"application/geo+json", []string{"geojson"}},
	{"application/ld+json", []string{"jsonld"}},
	{"application/manifest+json", []string{"webmanifest"}},
	{"application/x-ndjson", []string{"ndjson"}},
	{"text/csv", []string{"csv"}},
	{"text/markdown", []string{"md", "markdown"}},
	{"text/calendar", []string{"ics"}},
	{"text/event-stream", []string{"event-stream"}},
	{"application/pdf", []string{"pdf"}},
	{"application/zip", []string{"zip"}},
	{"application/gzip", []string{"gz"}},
	{"application/zstd", []string{"zst"}},
	{"application/x-tar", []string{"tar"}},
	{"application/wasm", []string{"wasm"}},
	{"application/yaml", []string{"yaml", "yml"}},
	{"application/octet-stream", []string{"bin"}},
	{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", []string{"xlsx"}},
	{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", []string{"docx"}},
	{"application/vnd.openxmlformats-officedocument.presentationml.presentation", []string{"pptx"}},
	{"image/png", []string{"png"}},
	{"image/jpeg", []string{"jpg", "jpeg"}},
	{"image/gif", []string{"gif"}},
	{"image/svg+xml", []string{"svg"}},
	{"image/webp", []string{"webp"}},
	{"image/avif", []string{"avif"}},
	{"image/x-icon", []string{"ico"}},
	{"font/woff", []string{"woff"}},
	{"font/woff2", []string{"woff2"}},
	{"font/ttf", []string{"ttf"}},
	{"font/otf", []string{"otf"}},
	{"audio/mpeg", []string{"mp3"}},
	{"audio/ogg", []string{"ogg", "oga"}},
	{"audio/wav", []string{"wav"}},
	{"video/mp4", []string{"mp4"}},
	{"video/webm", []string{"webm"}},
}

// MediaType returns the type of a format or of a file's extension without its dot: "text/html" of "html". It is empty if there is none. The table is Bennu's own: what
// the machine has installed does not matter.
func MediaType(format string) string {
	for _, line := range mediaTypes {
		for _, ext := range line.exts {
			if ext == format {
				return line.typ
			}
		}
	}
	return ""
}

// extensions returns the formats of a media type in lower case.
func extensions(mediaType string) []string {
	for _, line := range mediaTypes {
		if line.typ == mediaType {
			return line.exts
		}
	}
	return nil
}

// ContentType returns what the header Content-Type says of a file with this name, with the charset of text; application/octet-stream for what is not known.
func ContentType(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
	typ := MediaType(ext)
	switch {
	case typ == "":
		return "application/octet-stream"
	case strings.HasPrefix(typ, "text/"), typ == "application/json", strings.HasSuffix(typ, "+json"), strings.HasSuffix(typ, "+xml"):
		return typ + "; charset=utf-8"
	}
	return typ
}
