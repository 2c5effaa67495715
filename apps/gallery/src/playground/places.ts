/** Cities to search in, with their countries. */
export const PLACES: readonly (readonly [name: string, country: string])[] = Object.entries({
  Argentina: "Buenos Aires, Córdoba, La Plata, Mendoza, Rosario, Salta, San Juan, Santa Fe",
  Australia: "Adelaide, Brisbane, Canberra, Hobart, Melbourne, Perth, Sydney",
  Austria: "Bregenz, Graz, Innsbruck, Klagenfurt, Linz, Salzburg, Sankt Pölten, Vienna",
  Brazil: "Belém, Brasília, Curitiba, Fortaleza, Manaus, Porto Alegre, Recife, Salvador, Santos, São Paulo",
  Canada: "Calgary, Edmonton, Halifax, Montréal, Ottawa, Québec, Toronto, Vancouver, Winnipeg",
  Chile: "Antofagasta, Concepción, Iquique, Punta Arenas, Santiago, Valparaíso",
  Czechia: "Brno, Liberec, Olomouc, Ostrava, Plzeň, Prague",
  Denmark: "Aalborg, Aarhus, Copenhagen, Odense",
  Finland: "Espoo, Helsinki, Oulu, Tampere, Turku",
  France: "Bordeaux, Grenoble, Lille, Lyon, Marseille, Montpellier, Nantes, Nice, Paris, Rennes, Strasbourg, Toulouse",
  Germany:
    "Aachen, Berlin, Bremen, Dresden, Erfurt, Essen, Frankfurt, Freiburg, Hamburg, Hannover, Kiel, Köln, Leipzig, Mainz, München, Münster, Nürnberg, Potsdam, Rostock, Saarbrücken, Stuttgart, Ulm",
  Greece: "Athens, Heraklion, Patras, Thessaloniki, Volos",
  India: "Bengaluru, Chennai, Delhi, Hyderabad, Jaipur, Kolkata, Mumbai, Mysuru, Pune",
  Ireland: "Cork, Dublin, Galway, Limerick",
  Italy: "Bari, Bologna, Catania, Florence, Genoa, Milan, Naples, Palermo, Rome, Trieste, Turin, Venice, Verona",
  Japan: "Fukuoka, Hiroshima, Kobe, Kyoto, Nagoya, Osaka, Sapporo, Sendai, Tokyo, Yokohama",
  Kenya: "Eldoret, Kisumu, Mombasa, Nairobi, Nakuru",
  Mexico: "Cancún, Guadalajara, Mérida, Monterrey, Oaxaca, Puebla, San Luis Potosí, Tijuana",
  Netherlands: "Amsterdam, Eindhoven, Groningen, Haarlem, Leiden, Maastricht, Rotterdam, The Hague, Utrecht",
  Norway: "Bergen, Bodø, Oslo, Stavanger, Tromsø, Trondheim",
  Poland: "Gdańsk, Kraków, Łódź, Lublin, Poznań, Szczecin, Warsaw, Wrocław",
  Portugal: "Braga, Coimbra, Faro, Lisbon, Porto",
  Spain:
    "Alicante, Barcelona, Bilbao, Granada, Las Palmas, Madrid, Málaga, Murcia, San Sebastián, Santa Cruz, Santander, Santiago de Compostela, Sevilla, Valencia, Zaragoza",
  Sweden: "Göteborg, Lund, Malmö, Stockholm, Umeå, Uppsala",
  Switzerland: "Basel, Bern, Geneva, Lausanne, Lugano, St. Gallen, Zürich",
  Turkey: "Ankara, Antalya, Bursa, Istanbul, Izmir, Konya",
  "United Kingdom":
    "Aberdeen, Belfast, Birmingham, Bristol, Cardiff, Edinburgh, Glasgow, Leeds, Liverpool, London, Manchester, Newcastle, Oxford, Sheffield, York",
  "United States":
    "Atlanta, Austin, Boston, Chicago, Dallas, Denver, Detroit, Houston, Los Angeles, Miami, New Orleans, New York, Philadelphia, Phoenix, Portland, San Antonio, San Diego, San Francisco, San José, Santa Barbara, Santa Fe (New Mexico), Seattle",
}).flatMap(([country, names]) => names.split(", ").map((name) => [name, country] as const));
