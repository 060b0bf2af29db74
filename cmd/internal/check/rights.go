package check

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// parseRights reads what secedit exports: lines like
// "SeDenyBatchLogonRight = *S-1-5-32-546,Guest", in UTF-16.
func parseRights(file []byte) map[string][]string {
	units := make([]uint16, len(file)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(file[2*i:])
	}
	rights := map[string][]string{}
	for line := range strings.Lines(string(utf16.Decode(units))) {
		name, who, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || !strings.HasPrefix(name, "Se") {
			continue
		}
		for sid := range strings.SplitSeq(who, ",") {
			if sid = strings.TrimSpace(sid); sid != "" {
				rights[name] = append(rights[name], sid)
			}
		}
	}
	return rights
}
