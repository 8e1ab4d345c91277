package form

import (
	"strings"

	"outcrop/policy/finding"
)

// around is what the words near a candidate speak of, as a set.
type around uint16

const (
	aroundPhone around = 1 << iota
	aroundSSN
	aroundIP
	aroundCard
	aroundBank
	aroundVersion
	aroundOther // numbers of another sort: orders, parts, amounts
)

// aroundWords are the context words of numbers in the languages that we read.
var aroundWords = func() map[string]around {
	m := map[string]around{}
	for _, row := range []struct {
		mean  around
		words string
	}{
		{aroundPhone, `phone phones telephone tel tele call calling called mobile mob cell cellphone cellular fax dial ring whatsapp sms text texted
			contact reach hotline helpline landline voicemail pager signal telefon telefonnummer telefonisch handy handynummer mobil mobilnummer
			rufnummer anrufen anruf ruf erreichbar durchwahl téléphone telephone portable appelez appeler joindre numéro teléfono telefono móvil movil
			celular llame llamar llámame llámeme cellulare chiamare chiama numero telefone ligue telefoon bel bellen mobiel puhelin puh telefonszám
			tlf mobilen ring numer zadzwoń komórka`},
		{aroundSSN, `ssn ssns social security sin tin taxpayer itin socialsecuritynumber socsec soc`},
		{aroundIP, `ip ips ipv4 ipv6 address host hosts server subnet gateway dns ping cidr firewall adresse login logged router device network`},
		{aroundCard, `card cards credit debit visa mastercard amex cc pan kreditkarte karte carte tarjeta carta maestro discover`},
		{aroundBank, `iban bank account konto compte cuenta conto bic swift transfer`},
		{aroundVersion, `version versions ver release released v build firmware section chapter clause paragraph oid upgrade upgraded`},
		{aroundOther, `order orders invoice tracking isbn issn ean upc sku part serial ref reference ticket case id ids bestellnummer rechnung
			rechnungsnummer commande facture pedido factura timestamp epoch uid uuid pid page pages row rows line lines chapter population
			usd eur gbp price cost total amount kg km mb gb bytes version doi pmid model zip postcode account acct license licence policy imei
			passport reisepass ausweis passeport pasaporte passaporto nhs siret siren cpf cnpj ahv aadhaar aadhar dni nie pesel bsn steuernummer
			routingnumber medicare employee student badge member membership vin registration vat kundennummer vertragsnummer matricule expediente`},
	} {
		for _, w := range strings.Fields(row.words) {
			m[w] |= row.mean
		}
	}
	return m
}()

// look reads the words up to 40 bytes before a and 16 behind b.
func look(s string, a, b int) around {
	return lookIn(s[max(0, a-40):a]) | lookIn(s[b:min(len(s), b+16)])
}

func lookIn(s string) around {
	var found around
	var low [24]byte
	n := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (finding.IsAlpha(s[i]) || s[i] >= 0x80 || n > 0 && finding.IsDigit(s[i])) {
			if n < len(low) {
				c := s[i]
				if c < 0x80 && finding.IsAlpha(c) {
					c |= 0x20
				}
				low[n] = c
				n++
			}
			continue
		}
		if n > 0 {
			found |= aroundWords[string(low[:n])]
			n = 0
		}
	}
	return found
}
