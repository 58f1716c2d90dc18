"""Words of the invented worlds that the embedded model learns from: none sells goods, none takes returns.

Everything is written for this project. ``KNOWN`` pairs a formal term with everyday ways to say it, so that the model
learns that a passage can match a question that shares no word with it.
"""

from ..prompt import CLOSE, OPEN

SPECIAL = ["<pad>", "<bos>", "<eos>", "<sys>", "<usr>", "<ast>", OPEN, CLOSE]

# The 3,755 characters of GB 2312 level 1, in the order of the standard.
HAN = [
    bytes([row, cell]).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF)
    if not (row == 0xD7 and cell > 0xF9)
]

ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "br",
    "ch",
    "cl",
    "dr",
    "fl",
    "gr",
    "pl",
    "qu",
    "sh",
    "sl",
    "sp",
    "st",
    "th",
    "tr",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "ou"]
CODAS = ["", "", "n", "r", "l", "s", "t", "m", "nd", "rk", "st", "x"]

THINGS = {
    "en": """library card; gym membership; hotel room; train ticket; parking permit; phone plan; evening course; rental car;
storage locker; meeting room; water meter; museum pass; ferry cabin; swimming lane; piano lesson; visa appointment;
vaccination slot; garden plot; bus card; ski pass; wash house; broadband line; power contract; home insurance; flight seat;
concert seat; dental visit; day nursery; tennis court; guided tour; coach trip; sports hall; exam seat; study grant;
bike station; camp site; lift service; choir evening; dance class; reading room""",
    "zh": """借书证; 健身卡; 客房; 火车票; 停车证; 话费套餐; 夜校课; 租车; 寄存柜; 会议室; 水表; 年票; 船舱; 泳道; 钢琴课; 签证预约;
疫苗号; 菜地; 公交卡; 滑雪票; 洗衣房; 宽带; 电力合同; 家财险; 机票; 音乐会座位; 牙科号; 托班; 网球场; 导游团; 大巴; 体育馆;
考位; 助学金; 单车站; 营地; 电梯服务; 合唱团; 舞蹈班; 阅览室""",
}

KNOWN = {
    "en": {
        "noise disturbance": [
            "it was so loud I could not sleep",
            "music all night",
            "hammering next door",
            "what a racket",
        ],
        "late start": [
            "we waited for an hour",
            "nobody came on time",
            "it began long after the hour",
            "still standing there",
        ],
        "double charge": [
            "you took the money twice",
            "two payments on my account",
            "billed again",
            "paid it two times",
        ],
        "lost document": [
            "I cannot find the paper",
            "the certificate is gone",
            "left the form somewhere",
            "no idea where it is",
        ],
        "illness": ["I have a fever", "the doctor keeps me in bed", "caught the flu", "lying in hospital"],
        "relocation": ["we are moving away", "new job in another town", "I leave the city soon", "packing our home"],
        "overbooking": [
            "someone else had my place",
            "it was full already",
            "two people, one spot",
            "no space left for us",
        ],
        "technical failure": [
            "the screen stays black",
            "it stopped by itself",
            "the gate did not react",
            "nothing happens",
        ],
        "wrong person": [
            "that is not my name",
            "you mixed me up",
            "it says another surname",
            "addressed to a stranger",
        ],
        "bad weather": ["it poured all day", "storm and hail", "roads under snow", "fog everywhere"],
        "safety hazard": [
            "sharp edges stick out",
            "my child nearly fell",
            "sparks from the socket",
            "the rail wobbles",
        ],
        "poor hygiene": ["hair in the sink", "it smelled awful", "stains all over", "never swept"],
        "early end": ["they sent us home halfway", "closed before the hour", "cut short", "only half of it took place"],
        "price increase": ["suddenly dearer", "the fee went up", "it cost less last month", "more expensive again"],
        "rude staff": ["the clerk shouted at me", "nobody greeted us", "he just laughed", "treated like dirt"],
        "access refused": ["the door would not open for me", "the guard turned me away", "not let in", "left outside"],
    },
    "zh": {
        "噪声干扰": ["吵得睡不着", "一整夜放音乐", "隔壁一直敲", "太闹了"],
        "开始延误": ["等了一个钟头", "没人按点来", "过了好久才开始", "还站在那里"],
        "重复扣费": ["钱扣了两遍", "账上两笔", "又收了一回", "付了两次"],
        "证件遗失": ["找不到那张纸", "证书没了", "表格不知放哪", "弄丢了"],
        "因病缺席": ["发烧了", "医生让躺着", "得了流感", "住院了"],
        "搬迁": ["我们要搬走", "去外地上班", "快离开这城市", "正在打包"],
        "超额预订": ["位置被别人占了", "早就满了", "两个人一个位", "没地方了"],
        "技术故障": ["屏幕黑着", "自己停了", "闸机没反应", "怎么点都不动"],
        "人员错误": ["不是我的名字", "把我弄混了", "写成别人的姓", "寄给了陌生人"],
        "恶劣天气": ["下了一天暴雨", "刮风下雹子", "路上都是雪", "到处是雾"],
        "安全隐患": ["尖角露出来", "孩子差点摔倒", "插座冒火花", "栏杆晃"],
        "卫生不佳": ["水池有头发", "味道难闻", "到处污渍", "从来没扫过"],
        "提前结束": ["一半就让我们回家", "没到点就关了", "被砍短", "只进行了一半"],
        "价格上调": ["突然变贵", "费用涨了", "上个月便宜", "又贵了"],
        "态度恶劣": ["职员对我吼", "没人理我们", "他只是笑", "把人当垃圾"],
        "拒绝进入": ["门不给我开", "保安把我赶走", "不让进", "被晾在外面"],
    },
}

# Ways to word a decision; the first of each label set is only an example of the sense.
DECISIONS = {
    "en": {
        "grant": "is granted; is approved; may go ahead; is accepted in full; is paid out; gets the full amount; is allowed; is honoured",
        "deny": "is declined; is refused; cannot be granted; is not allowed; is turned down; is excluded; gets nothing; is rejected",
        "swap": "is swapped; gets another one instead; is moved to a new one; is replaced; only a substitute is given; is exchanged",
        "check": "goes to manual review; is checked by staff; is decided case by case; needs an inspection; is examined first; is passed to an expert",
    },
    "zh": {
        "grant": "予以批准; 准予办理; 可以办理; 同意受理; 全额支付; 给予通过; 予以支持; 可获补偿",
        "deny": "不予批准; 不予受理; 概不办理; 无法支持; 不得办理; 拒绝受理; 不作补偿; 不可办理",
        "swap": "仅可更换; 改换其他; 更换一份; 以换代退; 另换新的; 只换不补",
        "check": "转人工审核; 由专员核实; 个案审查; 先行检查; 须经鉴定; 报主管判断",
    },
}

# Names a decision can be asked for by, in the order grant, deny, swap, check.
LABELS = {
    "en": [
        "yes; no; swap; check",
        "grant; deny; replace; inspect",
        "accept; decline; switch; escalate",
        "allow; forbid; renew; verify",
        "approve; refuse; exchange; review",
        "A; B; C; D",
        "positive; negative; other; open",
    ],
    "zh": [
        "可以; 不可以; 换; 人工",
        "同意; 拒绝; 更换; 转审",
        "批准; 驳回; 调换; 核实",
        "通过; 不通过; 置换; 待定",
        "准; 否; 换新; 复核",
        "甲; 乙; 丙; 丁",
        "支持; 反对; 替换; 升级",
    ],
}

FIELDS = {
    "en": {
        "id": ["Rule", "Number", "Ref", "Entry", "Code", "Article", "Key", "Item"],
        "label": ["Result", "Verdict", "Outcome", "Answer", "Status", "Finding"],
        "note": ["Note", "Reply", "Remark", "Message", "Words", "Text"],
        "days": ["Days", "Limit", "Window", "Period"],
        "term": ["Ground", "Topic", "Matter", "Cause", "Subject"],
    },
    "zh": {
        "id": ["编号", "条目", "依据", "规则", "号码", "条文"],
        "label": ["结论", "结果", "判断", "答复", "状态", "处理"],
        "note": ["说明", "回应", "备注", "留言", "话", "文字"],
        "days": ["天数", "期限", "时限", "窗口"],
        "term": ["事由", "主题", "类别", "原因", "事项"],
    },
}

FEELINGS = {
    "en": [
        "Please help.",
        "I am so upset!",
        "Honestly,",
        "What now?",
        "Can you look into it?",
        "Hello,",
        "I am not happy.",
        "Sigh.",
        "Any advice?",
        "Really annoying!",
    ],
    "zh": [
        "请帮帮我。",
        "真气人!",
        "说实话,",
        "怎么办?",
        "能看看吗?",
        "你好,",
        "很不满意。",
        "唉,",
        "有什么办法?",
        "太烦了!",
    ],
}


def split(text: str) -> list[str]:
    """Return the parts of a semicolon-separated list."""
    return [part.strip() for part in text.replace("\n", " ").split(";") if part.strip()]
