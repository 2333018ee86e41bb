"""What customers answer when a change is read back to them, and how a person reads it: yes, no, or unclear.

Each block begins with what the agent had asked ("> ..."). Unclear is what is neither: a hedge, a condition, a question,
another wish or value, or a remark beside the point.

The lexicon was written without these lists. Of 132 English replies it read 125 as people do when it first saw them, of
127 Chinese ones 120, and of 25 that take a yes back 22; the lexicons before it 63, 80 and 12. Three of its errors were
a yes that is none (24 of theirs), and one a yes that it took for a no; these, and what else could be mended with them,
it does not make any more.
"""

ENGLISH = """
> I will cancel order #W11111 and refund $48.00 to your credit card. Shall I go ahead?
yes | Yes please, and thank you so much for sorting this out.
yes | yup do it
yes | Please go right ahead.
yes | Yes, that is what I want.
yes | That's fine by me, thanks.
yes | Okay, cancel it then.
yes | Yeah, I found it cheaper elsewhere so I don't want it anymore.
yes | Please proceed with the cancellation.
yes | You have my consent.
yes | Go on then.
yes | Sure, cancel #W11111.
yes | Of course. I've been waiting for this for two weeks!
yes | Absolutely, thanks for asking first.
yes | k
yes | I'd like you to cancel it, yes.
yes | Sounds fair. Please cancel the order.
yes | Yes - go ahead and refund the card.
no | Nope, leave it as it is.
no | No thanks, I'll keep it after all.
no | Don't cancel it please.
no | I'd prefer to keep the order.
no | Please don't do that.
no | Cancel? No! I only asked where it was.
no | Hold on, do not touch that one.
no | I no longer want to cancel.
no | Never mind, I'll keep the lamp.
no | Scrap that, leave everything alone.
unclear | I'm not sure yet.
unclear | Hmm, let me think about it for a minute.
unclear | Maybe. What happens to the gift wrapping?
unclear | Only if the refund is instant.
unclear | How long will the refund take?
unclear | Yes, assuming there's no fee.
unclear | Okay, but can the money go to a gift card?
unclear | I guess it depends on the fee.
unclear | Right, so my zip code is 26051.
unclear | Okay, and what about my other order?
unclear | Fine weather today, isn't it.
unclear | Yes, I have a question first.
unclear | My name is Ana Silva.
unclear | I sure hope the parcel gets here soon.
unclear | You're correct that I ordered it in May.
unclear | The order number is #W22222.
unclear | Sure, I get that, though my husband might still want it.
unclear | Perfect timing, I was just about to call you.
unclear | I asked you to cancel #W22222.
unclear | Please return it.
unclear | Good question. I will ask my wife and come back to you.
unclear | Wait, which one is that?
unclear | Would that be free of charge?
unclear | ok so where is my refund
> I'll start a return for order #W11111, with the money back on your gift card. Is that correct?
yes | Correct.
yes | That is right, thanks.
yes | Yes, the gift card is fine.
yes | Exactly as you say.
yes | It is indeed. Please start the return.
yes | Right, go for it!
yes | Looks good to me
yes | No objections, please return it.
yes | Yes, return it, I don't like the colour.
yes | Fine, whatever, just do it.
no | That's not correct.
no | No, that is wrong.
no | Incorrect, I never asked for a return.
unclear | Almost: I want it on my credit card.
unclear | Yes, but to my credit card please.
unclear | Credit card, please.
unclear | Exchange it for the desk lamp, please.
unclear | That's right after my holidays, I think.
unclear | I bought it with a gift card.
unclear | Could you repeat that?
unclear | The order is correct, the card isn't.
> I will change the address of order #W11111 to 12 Oak Street. May I proceed?
yes | You may proceed.
yes | Yes, ship it there.
yes | Please change it.
yes | Yes, 12 Oak Street.
yes | Update it please, thanks!
yes | Please do so at once.
no | No, please leave the address alone.
unclear | Make it 14 Oak Street.
unclear | Yes, to 14 Oak Street.
unclear | Oh, I have just moved to Elm Road.
unclear | Does it cost anything?
> I'm going to rebook B40021 to 2026-06-20 for a change fee of $35.00. Do you agree?
yes | I do, please rebook it.
yes | Yes, $35 is fine.
yes | That works for me, thank you for your help.
yes | Alright, let's go with that.
yes | Agreed!
yes | Okay great, please make the change.
yes | Yes, move it to 2026-06-20.
yes | Sure thing! Go ahead and rebook.
yes | Yes, absolutely. My sister's wedding got moved, so I have to be there earlier.
yes | ya go ahead
yes | I agree to the fee.
yes | Fine by me.
no | No, that's too expensive.
no | I do not agree.
no | Absolutely not.
no | Thanks, but no.
no | No way am I paying that.
no | I don't want to pay a fee.
unclear | $35? For what?
unclear | Is there any way to waive the fee?
unclear | Yes, but on 2026-06-22.
unclear | June 22nd would suit me better.
unclear | Okay, one second, I'm checking my calendar.
unclear | I would agree if it were free.
unclear | Right. And when does it land?
unclear | Sure, but do I keep my seat?
unclear | Great, that reminds me, I also need a meal.
unclear | The 20th is a Saturday.
unclear | I'm traveling with my daughter.
> I will upgrade booking B40021 to business class for $210.00. Please confirm.
yes | Confirmed, thank you!
yes | I confirm the upgrade.
yes | Yes I confirm, please upgrade me.
yes | Please upgrade the booking.
yes | Upgrade it, I have earned it.
yes | Let's do it!
yes | Yep, that's correct. Please proceed with the upgrade to business class.
no | Not anymore, leave it in economy.
no | Forget the upgrade.
no | I changed my mind about this.
no | Don't bother.
unclear | Cancel it.
unclear | Please cancel the booking.
unclear | That's a lot of money...
unclear | What do I get for that?
unclear | I can't confirm that right now.
unclear | Is the lounge included?
unclear | Okay okay, I hear you.
unclear | Let me speak to your manager.
unclear | Booking B40099, please.
"""

CHINESE = """
> 我将取消订单#W11111，并把$48.00退回您的信用卡。确认办理吗？
yes | 确认，谢谢。
yes | 是的，麻烦尽快取消。
yes | 好的呢，辛苦了
yes | 行吧，就取消吧。
yes | 可以，直接取消就行。
yes | 没问题，请继续。
yes | 同意办理
yes | 嗯，办吧。
yes | 对，就是这个订单，取消吧。
yes | 请帮我取消这个订单。
yes | 是的，这个我已经不需要了。
yes | 好，那就麻烦你了。
yes | 确认取消
yes | 可以啊，谢谢你
yes | 没错，请处理。
yes | OK，取消吧
yes | 好哒
yes | 是，请取消#W11111。
yes | 嗯嗯，可以的，谢谢啦！
yes | 取消吧，我在别处买到了。
yes | 当然要取消，快点吧。
yes | 我确认。
no | 不要取消。
no | 先不取消了，谢谢。
no | 算了，我还是留着吧。
no | 别取消！
no | 不用了，我改变主意了。
no | 不行，这个订单我还要的。
no | 不同意。
no | 谁说要取消了？别动我的订单。
no | 等等，先别办。
no | 我不想取消了
no | 还是不取消了吧
unclear | 我再想想。
unclear | 好像可以吧，我问问我老婆。
unclear | 取消要收手续费吗？
unclear | 钱什么时候能退回来？
unclear | 如果不收手续费就取消。
unclear | 对了，还有一个问题。
unclear | 好奇怪，怎么还没发货。
unclear | 行李箱的那个订单呢？
unclear | 我的邮编是26051。
unclear | 是#W22222那个订单。
unclear | 可以退到礼品卡上吗？
unclear | 嗯……不太确定。
unclear | 好的，不过我想退到礼品卡。
unclear | 是这样的，我上周搬家了。
unclear | 好久没收到消息了。
unclear | 请帮我退货。
unclear | 也许吧
unclear | 对于这个费用我有点疑问。
unclear | 没听懂，能再说一遍吗
unclear | 等我看一下。
unclear | 可以是可以，但是要先告诉我费用。
unclear | 确定不收费的话就办吧。
> 我将为订单#W11111办理退货，钱退到礼品卡。对吗？
yes | 对的，办理退货吧。
yes | 没错
yes | 是的，退到礼品卡就好。
yes | 嗯，退吧
yes | 正确，请办理。
yes | 就这样办
no | 不对。
no | 不是，弄错了。
no | 错了，不是这个订单。
unclear | 退到信用卡吧。
unclear | 对，但是退到信用卡。
unclear | 差不多，就是卡不对。
unclear | 换成台灯可以吗？
unclear | 对面那家店也卖这个。
> 我将把订单#W11111的地址改成12 Oak Street。可以吗？
yes | 可以，改吧。
yes | 麻烦改一下。
yes | 好，改成这个地址。
yes | 行，谢谢。
yes | 请修改。
no | 不可以。
no | 不改了。
unclear | 改成14 Oak Street。
unclear | 可以的话寄到公司。
unclear | 要多久才能改好？
> 我将把预订B40021改签到2026-06-20，改签费$35.00。您同意吗？
yes | 同意，改签吧。
yes | 行，三十五就三十五吧，改。
yes | 好的，就这么定了。
yes | 可以接受，请办理改签。
yes | 嗯，没问题的。
yes | 我同意。
yes | 好，麻烦改签到2026-06-20。
yes | 那就改吧
yes | OK的
yes | 好的好的，谢谢
yes | 是的，请尽快改签，谢谢您。
no | 不同意，太贵了。
no | 我不改签了。
no | 不，我不想付这个钱。
no | 还是算了。
no | 别改了，就原来那天吧。
no | 不用改了。
unclear | 能免改签费吗？
unclear | 太贵了吧
unclear | 同意是同意，可我想改到22号。
unclear | 改到2026-06-22吧。
unclear | 好吧，我先看看日程。
unclear | 那天几点起飞？
unclear | 好贵啊。
unclear | 行程单会重新发吗
unclear | 是我女儿要坐这班飞机。
unclear | 取消吧。
unclear | 对方航班也要改。
unclear | 稍等，我问一下我爱人。
unclear | 为什么要收费
> 我将把预订B40021升级为商务舱，费用$210.00。请确认。
yes | 确认升级。
yes | 确认，请升级。
yes | 升吧，谢谢。
yes | 好，升级吧，我腿不好。
yes | 是的，我要升级。
yes | 行，升舱吧！
no | 不升了。
no | 不要升级，谢谢。
no | 我反悔了，不升级了。
no | 我什么时候说要升级了？不要！
unclear | 商务舱有什么好处？
unclear | 二百一有点贵。
unclear | 确认一下，是双人的价格吗？
unclear | 我要经济舱。
unclear | 当然希望便宜点。
unclear | 可以用积分吗？
unclear | 我的预订号是B40099。
unclear | 好像不太划算
"""

TAKEN_BACK = """
> I will cancel order #W11111. Shall I go ahead?
no | Wait, stop. I want to keep it.
no | On second thoughts, don't.
no | Actually no, leave it.
no | Please undo that, I changed my mind.
no | Oh no, don't cancel it after all!
no | I take that back.
no | Sorry, forget what I said, keep the order.
no | Hold your horses, I'd rather keep it.
> 我将取消订单#W11111。确认办理吗？
no | 等一下，我改主意了。
no | 还是别取消了。
no | 我收回刚才的话。
no | 不好意思，我不取消了。
no | 刚才说错了，不要取消。
no | 停，先别动。
no | 后悔了，留着吧。
> I will upgrade booking B40021 to business class for $210.00. Please confirm.
no | Hmm, no. Don't upgrade me.
no | Sorry, I have to take that back.
no | Wait! Please don't.
no | I've had second thoughts.
no | Cancel that, I don't want the upgrade.
no | Please ignore my last message.
> 我将把预订B40021升级为商务舱，费用$210.00。请确认。
no | 等等，不升了。
no | 当我没说。
no | 不好意思，我又不想升级了。
no | 先停一下。
"""
"""What takes a yes back that was given before."""


def rows(text: str) -> list[tuple[str, str, str]]:
    """(what the agent had asked, the reply, how it is read)."""
    found, asked = [], ""
    for line in filter(None, text.splitlines()):
        if line.startswith("> "):
            asked = line[2:]
        else:
            reading, reply = line.split(" | ", 1)
            found.append((asked, reply, reading))
    return found
