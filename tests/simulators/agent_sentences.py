"""What agents write, and the acts that a user must find in it; `ask:SLOT` is a question about a slot.

Acts of courtesy (greet, apologise, inform, smalltalk) are not listed: they change nothing.
"""

EN = r"""
How shall we refund you? Which refund method do you prefer? | ask:payment
Good afternoon, thank you for reaching out to our support desk. How may I help? | ask:intent
Sure thing! First, what name is the order under? | ask:name
Great, and the zip code? | ask:zip
Mind sharing your zip code with me? | ask:zip
I'd need the order number for that, could you type it in? | ask:order_id
No worries. Do you happen to have the order number handy? | ask:order_id
Alright Sam, for security reasons I must verify you first: what's the zip code on file? | ask:zip
What address would you like it delivered to instead? | ask:address
How would you like to be refunded: credit card or gift card? | clarify
I see two items, #W1001 and #W1002. Which did you want to return? | clarify
Is this about #W1001 or about #W1002? | clarify
Here's what I'll do: cancel #W1001 and refund the full amount. Sound good? | confirm
So you want #W1001 cancelled? | confirm
Cancelling #W1001 is permanent. Do you wish to continue? | confirm
Let's double check: new address 7 Hill Road for #W1001. Can you confirm? | confirm
Would it be okay if I cancel #W1001 now? | confirm
Before I submit this, do I have your consent to refund #W1001? | confirm
The refund would go to your gift card; is this what you want? | confirm
Sorry, orders that have left the warehouse can no longer be cancelled. | refuse
I hear you, but there's nothing I can do about a delivered order. | refuse
We cannot process this because it was bought more than 30 days ago. | refuse
Regrettably, that would violate our policy. | refuse
I'm not permitted to reveal card details. | refuse
No, I can't do that. | refuse
Your cancellation request went through. | report_done
I've gone ahead and cancelled #W1001. | report_done
Okay, that's done now. | report_done
The order is cancelled and you'll see the money in 5 days. Can I do anything else for you? | report_done offer_more
Refund processed successfully. | report_done
Perfect, your address change is complete! | report_done
Anything else on your mind? | offer_more
If there's something else you need, just tell me. | offer_more
Hang tight while I look into this. | wait
Just a moment while I retrieve your details. | wait
Thank you for being a valued customer. Bye now! | bye
Your refund will be issued within 5 business days. |
Orders can be cancelled as long as they haven't shipped. |
I have noted your name. |
Thanks for the information! |
It looks like your order hasn't been shipped yet. |
How can I help you today? | ask:intent
Hello! Thanks for contacting us. What can I do for you? | ask:intent
What seems to be the problem with your order? | ask:intent
Hi there, how may I assist you this morning? | ask:intent
Could you tell me a bit more about what you need? | ask:intent
What would you like to do? | ask:intent
What's the issue you're having? | ask:intent
Could I have your full name, please? | ask:name
May I know who I'm speaking with? Please give me your name. | ask:name
What is your name? | ask:name
Who am I speaking with today? | ask:name
To verify your identity, please provide your name and zip code. | ask:name ask:zip
I'll need your zip code to continue. | ask:zip
Can you share the zip code on your account? | ask:zip
Please confirm your zip code. | ask:zip
And what's your zip? | ask:zip
Thanks, Ana. What is your order number? | ask:order_id
Which order would you like to cancel? | ask:order_id
Could you please give me the order id? | ask:order_id
Please send me your order number so I can look it up. | ask:order_id
I couldn't find that order. Could you double-check the order number? | ask:order_id
What order are you calling about? | ask:order_id
Before I proceed, I need your full name and zip code. | ask:name ask:zip
Sure! What's the new address? | ask:address
Where should we send the parcel? | ask:address
Please tell me the new address for this order. | ask:address
Which refund method would you prefer? | ask:payment
Could you let me know your preferred refund method? | ask:payment
What delivery date works for you? | ask:date
Happy to help! May I have your name, zip code and order number? | ask:name ask:zip ask:order_id
I'd be glad to help with that. To get started, could you provide your name? | ask:name
I can help you with the cancellation. What is the order number? | ask:order_id
I'm sorry to hear that. Could you tell me the order number? | ask:order_id
I can't find an account under that name. Could you spell your name? | ask:name
I am unable to locate your order without the order number. Please provide it. | ask:order_id
Your name, please? | ask:name
I will cancel order #W1234. Shall I go ahead? | confirm
You would like to cancel order #W1234, is that correct? | confirm
Just to confirm: cancel order #W1234 and refund $35.00 to your credit card? | confirm
Do you want me to proceed with the cancellation of #W1234? | confirm
Should I change the address to 12 Oak Street? | confirm
Please confirm that you want to return order #W1234. | confirm
Order #W1234 will be cancelled and cannot be restored. Do you agree? | confirm
I'm about to refund $20.00 to your gift card. Please reply yes to continue. | confirm
Is everything correct? | confirm
Are you sure you want to cancel? | confirm
Would you like me to cancel order #W1234? | confirm
Can you confirm that the new address is 5 Elm Avenue? | confirm
To recap: order #W1234, address 12 Oak Street. Is that right? | confirm
This cannot be undone. Shall I cancel it? | confirm
Once you confirm, I will cancel order #W1234. | confirm
Ok to proceed? | confirm
I can do that: return order #W1234, refund to your credit card. Do I have your approval? | confirm
May I go ahead and update the address? | confirm
Your order is #W1234, right? | confirm
So that's order #W1234 for Ana Silva, correct? | confirm
If you'd like, I can cancel it. Would you like me to go ahead (yes/no)? | confirm
I'm sorry, but I can't cancel an order that has been delivered. | refuse
Unfortunately this order is not eligible for a refund. | refuse
I'm afraid that is against our policy. | refuse
We are unable to change the address of a shipped order. | refuse
Our policy does not allow cancellations after delivery. | refuse
I understand your frustration, but I cannot make an exception. | refuse
That's not possible, I'm afraid. | refuse
I have to decline this request. | refuse
Even if my colleague said so, I'm not allowed to do this. | refuse
I can't share that information with you. | refuse
This item is non-refundable. | refuse
We don't offer refunds for opened items. | refuse
I won't be able to process this return. | refuse
I'm not able to access other customers' orders. | refuse
As stated, the rules do not permit it; I must refuse. | refuse
I'm sorry, I cannot cancel it. Would you like me to return it instead? | refuse confirm
Your order #W1234 has been cancelled. | report_done
I've cancelled order #W1234 for you. | report_done
Done! | report_done
All set! The refund of $35.00 will arrive within five days. | report_done
The address has been updated to 12 Oak Street. | report_done
I have successfully processed your return. | report_done
Your refund was issued to your credit card. | report_done
Great news: the cancellation is complete. | report_done
I went ahead and changed the address. | report_done
The order is now cancelled. | report_done
I just updated your delivery address. | report_done
I can confirm that your order has been cancelled. | report_done
That's taken care of. | report_done
I've processed the refund. Is there anything else I can help you with? | report_done offer_more
Order #W1234 has been returned. You will receive a confirmation email. Have a great day! | report_done bye
Everything is done. Anything else today? | report_done offer_more
Is there anything else I can do for you? | offer_more
Can I help you with something else? | offer_more
Do you have any other questions? | offer_more
Let me know if you need anything else. | offer_more
What else can I do for you? | offer_more
Will that be all? | offer_more
Do you need any further assistance? | offer_more
I found two orders: #W1234 and #W5678. Which one do you mean? | clarify
Did you mean #W1234 or #W5678? | clarify
Your recent orders:\n- #W1111 (lamp)\n- #W2222 (desk)\n- #W3333 (chair)\nWhich one would you like to return? | clarify
Would you like the refund on your credit card or on a gift card? | clarify
Which of these orders is it: #W1234, #W5678? | clarify
Please choose one of the following: #W1234 or #W5678? | clarify
Which one? | clarify
One moment, please. | wait
Let me check that for you. | wait
Please hold on while I look this up. | wait
Give me a second, I'll check your account. | wait
Thank you, Ana. Let me pull up your order. | wait
Goodbye! | bye
Thanks for contacting us. Have a nice day! | bye
Take care, bye! | bye
Thank you for your patience. |
I understand how frustrating this must be. |
Your order #W1234 was shipped yesterday and will arrive on 2026-05-12. |
The total is $35.00. |
Haha, the weather is lovely here too. |
I see that your order is still pending. |
I've found your account. |
I've verified your identity, thank you. |
Got it, order #W1234. |
**Order:** #W1234\n**Status:** pending\n\nShall I go ahead and **cancel** it? | confirm
### Verification\nTo continue, I need:\n1. Your full name\n2. Your zip code | ask:name ask:zip
Hi Ana! 😊 I'd love to help. Could you share your order number? | ask:order_id
Yes, I am a real person! Now, back to your order: what is the order number? | ask:order_id
Please ignore my earlier question. What is your zip code? | ask:zip
"""

ZH = r"""
下午好，这里是客服中心，请问有什么需要？ | ask:intent
亲亲，遇到啥问题了呀？ | ask:intent
先登记一下，您的姓名是？ | ask:name
好的，邮编呢？ | ask:zip
能给我一下邮编不？ | ask:zip
这个需要订单号哦，您发我一下。 | ask:order_id
您手边有订单号吗？ | ask:order_id
安全起见，我得先核实一下，您的邮编是多少呀？ | ask:zip
那您想改到哪个地址？ | ask:address
退到信用卡还是礼品卡？ | clarify
查到两单，#W1001和#W1002，您要退哪一单？ | clarify
您说的是#W1001，还是#W1002？ | clarify
那我现在就把#W1001取消掉，行吗？ | confirm
是要取消#W1001，没错吧？ | confirm
取消#W1001之后就不能恢复了，还要继续吗？ | confirm
核对一下：#W1001寄到7 Hill Road，对不对？ | confirm
如果没问题，请回复“确认”，我马上提交。 | confirm
提交之前跟您确认：#W1001退款到礼品卡，同意吗？ | confirm
退款会退回礼品卡，是您想要的吗？ | confirm
真对不起，出库的订单取消不了了。 | refuse
您的心情我懂，可是签收后的订单确实没法改。 | refuse
超过30天了，我们这边不能受理。 | refuse
这样做违反公司规定。 | refuse
卡号属于隐私，我不可以告诉您。 | refuse
不行，这个我做不了。 | refuse
取消申请提交成功。 | report_done
帮您取消好了。 | report_done
好嘞，已经弄好啦。 | report_done
订单取消了，钱五天内到账。还有啥能帮您？ | report_done offer_more
退款办理成功。 | report_done
地址已经给您改成7 Hill Road了。 | report_done
还有啥事吗？ | offer_more
要是还有别的需要，尽管说。 | offer_more
您等我一会儿，我去看一下。 | wait
请稍等片刻，我调一下您的资料。 | wait
感谢您的支持，拜拜！ | bye
退款会在五个工作日内退回。 |
没发货的订单都可以取消。 |
姓名我记下了。 |
谢谢您提供的信息！ |
看起来您的订单还没发货。 |
您好，请问有什么可以帮您？ | ask:intent
你好！需要什么帮助吗？ | ask:intent
欢迎光临，请问您想办理什么业务？ | ask:intent
请问您遇到了什么问题？ | ask:intent
有什么我能为您效劳的？ | ask:intent
您能具体说说是什么情况吗？ | ask:intent
请描述一下您的问题。 | ask:intent
请问您怎么称呼？ | ask:name
请提供您的姓名。 | ask:name
请问您的名字是什么？ | ask:name
麻烦告诉我您的姓名和邮编。 | ask:name ask:zip
为了核实身份，请提供姓名和邮编。 | ask:name ask:zip
请问您的邮编是多少？ | ask:zip
还需要您的邮编。 | ask:zip
麻烦您确认一下您的邮编。 | ask:zip
方便报一下邮编吗？ | ask:zip
请告诉我订单号。 | ask:order_id
请问是哪个订单？ | ask:order_id
您要取消哪个订单呢？ | ask:order_id
麻烦提供一下订单编号，我帮您查。 | ask:order_id
没有查到这个订单，请核对一下订单号。 | ask:order_id
请问订单号是多少？ | ask:order_id
好的，请问新地址是什么？ | ask:address
您想寄到哪里？ | ask:address
请把新地址发给我。 | ask:address
请问您希望用哪种退款方式？ | ask:payment
退款方式您选哪一种？ | ask:payment
您希望的送货日期是哪天？ | ask:date
没问题，请提供您的姓名、邮编和订单号。 | ask:name ask:zip ask:order_id
很抱歉给您带来不便，请问订单号是多少？ | ask:order_id
我需要先核实您的身份，请问您的姓名是？ | ask:name
我可以帮您取消，请告诉我订单号。 | ask:order_id
抱歉，我查不到这个姓名，请再说一遍您的姓名。 | ask:name
没有订单号我无法查询，请提供订单号。 | ask:order_id
我将为您取消订单#W1234，请确认。 | confirm
确认取消订单#W1234吗？ | confirm
您要取消订单#W1234，对吗？ | confirm
是否继续办理？ | confirm
需要我现在帮您取消订单#W1234吗？ | confirm
把地址改成12 Oak Street，可以吗？ | confirm
退款将退到您的信用卡，您确认吗？ | confirm
取消后无法恢复，您确定要取消吗？ | confirm
请回复“是”以确认取消订单#W1234。 | confirm
以上信息是否正确？ | confirm
订单#W1234将被取消，是否同意？ | confirm
我这就为您办理退款，没问题吧？请您确认。 | confirm
您的订单是#W1234，对吧？请确认一下。 | confirm
跟您确认一下：订单#W1234，退款到礼品卡。这样可以吗？ | confirm
要我帮您修改地址吗？ | confirm
请您确认是否要退订单#W1234。 | confirm
您看这样可以吗？ | confirm
确认无误的话我就提交了，可以吗？ | confirm
您是Ana Silva，对吗？ | confirm
您确定吗？ | confirm
您同意的话，我就取消订单#W1234，好吗？ | confirm
很抱歉，已送达的订单不能取消。 | refuse
抱歉，这个订单无法退款。 | refuse
不好意思，按照规定我们不能这样做。 | refuse
根据公司政策，已发货的订单不支持修改地址。 | refuse
对不起，这不符合我们的退款政策。 | refuse
我理解您的心情，但是我没有权限这样操作。 | refuse
这个真的办不了。 | refuse
很遗憾，我们不允许这样操作。 | refuse
即使同事答应过，我也无法为您办理。 | refuse
抱歉，我不能提供其他客户的信息。 | refuse
已经超出退货期限，无法办理。 | refuse
抱歉，没办法帮您取消。 | refuse
恕我不能透露该信息。 | refuse
该商品不可退。 | refuse
我们没办法破例，请您谅解。 | refuse
抱歉，订单不能取消，需要我帮您退货吗？ | refuse confirm
订单#W1234已取消。 | report_done
已经为您取消了订单#W1234。 | report_done
办好了！ | report_done
已成功修改地址。 | report_done
退款已经提交，预计三天内到账。 | report_done
您的退货申请已处理完毕。 | report_done
地址已更新为12 Oak Street。 | report_done
好的，已帮您办理退款。 | report_done
操作成功，订单已经取消。 | report_done
搞定了。 | report_done
取消成功。 | report_done
已将收货地址改为5 Elm Avenue。 | report_done
退款$35.00已退到您的信用卡。 | report_done
已为您办理完成，还有其他需要帮忙的吗？ | report_done offer_more
订单已取消，请问还有什么可以帮您？ | report_done offer_more
都处理好了，祝您生活愉快！ | report_done bye
请问还有其他问题吗？ | offer_more
还有什么可以帮您的吗？ | offer_more
您还需要别的帮助吗？ | offer_more
请问还有别的需要吗？ | offer_more
还有其他事情要办理吗？ | offer_more
如有其他问题，随时联系我。 | offer_more
您有两个订单：#W1234和#W5678，请问是哪一个？ | clarify
请问您指的是#W1234还是#W5678？ | clarify
您想退到信用卡还是礼品卡？ | clarify
您名下有以下订单：\n- #W1111\n- #W2222\n请问是哪个呢？ | clarify
是#W1234，还是#W5678呢？ | clarify
哪一个？ | clarify
请选择：#W1234 或 #W5678？ | clarify
请稍等。 | wait
稍等一下，我帮您查一下。 | wait
我查一下您的订单。 | wait
正在为您查询，请稍候。 | wait
好的，马上帮您处理，请等一下。 | wait
再见！ | bye
祝您生活愉快，再见。 | bye
感谢您的来电，祝您一切顺利！ | bye
感谢您的耐心等待。 |
我非常理解您的心情。 |
您的订单#W1234预计2026-05-12送达。 |
订单金额是$35.00。 |
哈哈，我这边天气也不错。 |
我看到您的订单还没有发货。 |
已经查到您的账户。 |
身份已核实，谢谢。 |
好的，订单#W1234。 |
您的订单目前是待发货状态。 |
**订单：** #W1234\n**状态：** 待发货\n\n请问**确认取消**吗？ | confirm
### 身份核实\n请提供：\n1. 姓名\n2. 邮编 | ask:name ask:zip
亲，麻烦发一下订单号哦~ | ask:order_id
我是真人客服哈，回到您的问题，请问订单号是多少？ | ask:order_id
好的 Ana，请问 zip code 是多少？ | ask:zip
"""


def labelled(block: str) -> list[tuple[str, frozenset[str]]]:
    rows = (line.rpartition("|") for line in block.strip().split("\n"))
    return [(text.strip().replace("\\n", "\n"), frozenset(acts.split())) for text, _, acts in rows]


LABELLED = {"en": labelled(EN), "zh": labelled(ZH)}

# Written after the lexicon was fixed, and never used to improve it.
UNSEEN_EN = r"""
What can we sort out for you this afternoon? | ask:intent
Under which name was the order placed? | ask:name
Let's start with your full name, please. | ask:name
And which zip code do you have registered with us? | ask:zip
I also require your zip code. | ask:zip
Do you remember your order number? | ask:order_id
Kindly type the order number below. | ask:order_id
Got your name and zip code, thanks. Now the order number, please? | ask:order_id
Tell me your preferred refund method and we can move on. | ask:payment
Okay, so I'd be cancelling #W4411. Happy with that? | confirm
#W4411 will go to 9 Lake Street. All good? | confirm
Should I submit the return for #W4411? | confirm
Before we continue: do you really want to cancel #W4411? | confirm
Please reply with "yes" if I may refund #W4411. | confirm
I regret that this cannot be done for shipped items. | refuse
That goes beyond what I'm authorized to do. | refuse
We don't support that kind of change. | refuse
My hands are tied here. | refuse
The change has been made. | report_done
Your order #W4411 is now cancelled. | report_done
I've sent the money back to your gift card. | report_done
Everything has been processed. Do you need help with anything else? | report_done offer_more
Anything further? | offer_more
#W4411 or #W4412? | clarify
Which of your two orders are we talking about? | clarify
Allow me a moment to check. | wait
I'm looking into it, one second. | wait
Thanks for chatting with us, have a lovely evening! | bye
Standard delivery takes three days. |
"""
UNSEEN_ZH = r"""
您好呀，今天想解决什么问题呢？ | ask:intent
请说明您的需求。 | ask:intent
请报一下下单人姓名。 | ask:name
账户登记的姓名是什么呢？ | ask:name
再给我一个邮编就行。 | ask:zip
邮编发我一下好吗？ | ask:zip
您还记得订单号吗？ | ask:order_id
麻烦把订单号打在下面。 | ask:order_id
姓名和邮编收到了，还差订单号，请提供。 | ask:order_id
退款方式您想要哪种呢？ | ask:payment
那#W4411就取消了哦，可以吧？ | confirm
#W4411会寄到9 Lake Street，您看行不行？ | confirm
现在提交#W4411的退款申请，可以吗？ | confirm
继续之前问一下，您真的要取消#W4411吗？ | confirm
同意退款请回复“是”。 | confirm
很遗憾，发货后的订单改不了地址。 | refuse
这超出了我的权限范围。 | refuse
这种修改我们暂不支持。 | refuse
我也爱莫能助。 | refuse
已经改好了。 | report_done
订单#W4411现已取消。 | report_done
钱已经退到您的礼品卡了。 | report_done
都办妥了，还需要别的帮助吗？ | report_done offer_more
别的还有吗？ | offer_more
是#W4411还是#W4412？ | clarify
两个订单里您指的是哪个？ | clarify
容我查一下。 | wait
我正在看，稍等哈。 | wait
感谢咨询，祝您晚上愉快！ | bye
普通配送需要三天。 |
"""
UNSEEN = {"en": labelled(UNSEEN_EN), "zh": labelled(UNSEEN_ZH)}
