"""Common first names and surnames in Kenya, of many communities."""

FIRST = [
    "Faith", "Mary", "John", "Peter", "Grace", "Joseph", "Mercy", "James", "Esther", "David",
    "Jane", "Samuel", "Ann", "Daniel", "Elizabeth", "Brian", "Joyce", "Kevin", "Lucy", "Dennis",
    "Margaret", "Stephen", "Sarah", "Paul", "Caroline", "George", "Catherine", "Michael",
    "Rose", "Francis", "Susan", "Simon", "Nancy", "Patrick", "Alice", "Charles", "Beatrice",
    "Martin", "Agnes", "Moses", "Eunice", "Collins", "Dorcas", "Victor", "Irene", "Evans",
    "Janet", "Eric", "Winnie", "Felix", "Purity", "Vincent", "Sharon", "Antony", "Lilian",
    "Robert", "Christine", "Isaac", "Ruth", "Edwin", "Naomi", "Benson", "Hellen", "Philip",
    "Monicah", "Kennedy", "Everlyne", "Geoffrey", "Josephine", "Alex", "Florence", "Emmanuel",
    "Jackline", "Nicholas", "Judith", "Timothy", "Rebecca", "Richard", "Millicent", "Fatuma",
    "Mohamed", "Amina", "Abdi", "Halima", "Hassan", "Zainab", "Ali", "Khadija", "Ibrahim",
    "Mwanaisha", "Omar", "Rukia", "Yusuf", "Zawadi", "Baraka", "Neema", "Juma", "Rehema",
    "Imani", "Rashid",
]  # fmt: skip
LAST = [
    "Otieno", "Ochieng", "Kamau", "Odhiambo", "Omondi", "Mwangi", "Kariuki", "Onyango", "Maina",
    "Njoroge", "Wanjiku", "Wambui", "Wanjiru", "Achieng", "Akinyi", "Atieno", "Njeri",
    "Muthoni", "Nyambura", "Wangari", "Kimani", "Karanja", "Kipkoech", "Kiprono", "Kiplagat",
    "Cheruiyot", "Chebet", "Chepkoech", "Jepkosgei", "Rotich", "Koech", "Langat", "Korir",
    "Ruto", "Kirui", "Kosgei", "Sang", "Mutai", "Wafula", "Wekesa", "Simiyu", "Barasa",
    "Nekesa", "Nafula", "Makokha", "Wanyama", "Shikuku", "Khamala", "Mukhwana", "Lumumba",
    "Mutua", "Musyoka", "Mutiso", "Kioko", "Mwende", "Nduku", "Kilonzo", "Muli", "Wambua",
    "Makau", "Mbithi", "Ndunda", "Nzioka", "Munyao", "Nyaboke", "Moraa", "Kerubo", "Ombati",
    "Nyamweya", "Mogaka", "Bosire", "Ongeri", "Abuya", "Kemunto", "Mokaya", "Momanyi",
    "Mwakazi", "Mghanga", "Mwadime", "Mwamburi", "Kazungu", "Charo", "Katana", "Kahindi",
    "Ngala", "Mwachofi", "Lekuton", "Lesuuda", "Leshore", "Lolkidienye", "Nkaissery", "Saitoti",
    "Sankok", "Ole-Kina", "Tipis", "Ekal", "Ekai", "Lokwawi", "Ewoi", "Akram",
]  # fmt: skip
