package release

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// SBOM returns the list of what is in a package, as CycloneDX 1.6 in JSON. It has
// no number of its own, so that the same commit gives the same bytes.
func SBOM(name string, v Version, components []Component) ([]byte, error) {
	list := cdx.NewBOM()
	list.SpecVersion, list.JSONSchema = cdx.SpecVersion1_6, "http://cyclonedx.org/schema/bom-1.6.schema.json"
	whole := cdx.Component{BOMRef: name, Type: cdx.ComponentTypeApplication, Name: name, Version: v.Program}
	list.Metadata = &cdx.Metadata{Timestamp: v.Time.Format(time.RFC3339), Component: &whole}
	var parts []cdx.Component
	var inside []string
	for _, c := range components {
		part := cdx.Component{BOMRef: c.URL, Type: cdx.ComponentTypeLibrary, Name: c.Name, Version: c.Version, PackageURL: c.URL}
		if c.URL == "" {
			part.BOMRef = c.Name + "@" + c.Version
		}
		if c.SHA256 != "" {
			part.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: c.SHA256}}
		}
		// As an expression: licences that stand in one list of CycloneDX say no
		// more than that each was found.
		part.Licenses = &cdx.Licenses{{Expression: strings.Join(c.Licences, " AND ")}}
		part.Properties = &[]cdx.Property{{Name: "tfa:programs", Value: strings.Join(c.Programs, " ")}}
		parts, inside = append(parts, part), append(inside, part.BOMRef)
	}
	list.Components = &parts
	list.Dependencies = &[]cdx.Dependency{{Ref: name, Dependencies: &inside}}
	var text bytes.Buffer
	if err := cdx.NewBOMEncoder(&text, cdx.BOMFileFormatJSON).SetPretty(true).Encode(list); err != nil {
		return nil, fmt.Errorf("writing the list of components: %w", err)
	}
	return text.Bytes(), nil
}
