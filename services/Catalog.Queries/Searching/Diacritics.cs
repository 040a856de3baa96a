using System.Collections.Frozen;

namespace Catalog.Queries;

/// <summary>
/// The plain letter of a lower-case Latin, Greek or Cyrillic letter that carries a mark. A table of our own, because
/// <see cref="string.Normalize()"/> does nothing where the runtime has no ICU, and the indices must agree wherever they are written.
/// </summary>
internal static class Diacritics
{
    // Each group is a plain letter and what folds to it: what Unicode's canonical decomposition says, and strokes (ø, ł, đ …).
    private const string Groups = """
        aàáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ bḃḅḇ cçćĉċčḉ dďḋḍḏḑḓđ eèéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ fḟ gĝğġģǧǵḡ hĥȟḣḥḧḩḫẖħ iìíîïĩīĭįǐȉȋḭḯỉịİı jĵǰ
        kķǩḱḳḵ lĺļľḷḹḻḽł mḿṁṃ nñńņňǹṅṇṉṋ oòóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợøǿ pṕṗ rŕŗřȑȓṙṛṝṟ sśŝşšșṡṣṥṧṩ tţťțṫṭṯṱẗŧ
        uùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự vṽṿ wŵẁẃẅẇẉẘ xẋẍ yýÿŷȳẏẙỳỵỷỹ zźżžẑẓẕ æǣǽ αάἀἁἂἃἄἅἆἇὰάᾀᾁᾂᾃᾄᾅᾆᾇᾰᾱᾲᾳᾴᾶᾷ εέἐἑἒἓἔἕὲέ
        ηήἠἡἢἣἤἥἦἧὴήᾐᾑᾒᾓᾔᾕᾖᾗῂῃῄῆῇ ιΐίϊἰἱἲἳἴἵἶἷὶίιῐῑῒΐῖῗ οόὀὁὂὃὄὅὸό ρῤῥ υΰϋύὐὑὒὓὔὕὖὗὺύῠῡῢΰῦῧ ωώὠὡὢὣὤὥὦὧὼώᾠᾡᾢᾣᾤᾥᾦᾧῲῳῴῶῷ аӑӓ гѓ еѐёӗ жӂӝ зӟ
        ийѝӣӥ кќ оӧ уўӯӱӳ чӵ ыӹ эӭ ії ѵѷ әӛ өӫ
        """;

    private static readonly FrozenDictionary<char, char> Plain = Groups.Split([' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(group => group.Skip(1).Select(marked => (marked, plain: group[0])))
        .ToFrozenDictionary(pair => pair.marked, pair => pair.plain);

    /// <summary>The letter without its marks.</summary>
    public static char Strip(char lower) => Plain.TryGetValue(lower, out var plain) ? plain : lower;
}
